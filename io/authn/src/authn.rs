//! The one who is asked whose a credential is.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use gantry_access::authn::bootstrap;
use gantry_access::authn::configuration::Anonymous;
use gantry_access::authn::listed::Listed;
use gantry_api::{Caller, Object, ObjectKey};
use gantry_base::Timestamp;
use gantry_gateway::{Authenticator, ClientCertificate, Clock, Pending, TokenSigner};
use gantry_pki::{ISSUER, TokenKey, claimed_issuer};
use gantry_registry::step::Authenticated;
use gantry_registry::subresources::token::{SignedToken, TokenClaims};
use gantry_store::{Key, Snapshot, Store};

use crate::accounts::Accounts;
use crate::config::Config;
use crate::provider::Provider;
use crate::revoked::{Revoked, follow};
use crate::webhook::{Webhook, WebhookError};

/// What credentials are judged by.
pub struct Ground {
    /// The key that signs the tokens of ServiceAccounts.
    pub key: Arc<TokenKey>,
    /// The newest picture of the store.
    pub snapshot: Box<dyn Fn() -> Snapshot + Send + Sync>,
    /// The door to time.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground").finish_non_exhaustive()
    }
}

/// Knows whose credentials are.
#[derive(Debug)]
pub struct Authn {
    ground: Arc<Ground>,
    accounts: Accounts,
    listed: Listed,
    providers: Vec<Provider>,
    webhook: Option<Webhook>,
    anonymous: Anonymous,
    revoked: Revoked,
    changes: watch::Sender<()>,
}

impl Authn {
    /// One who judges by `ground`, and believes those of `config`.
    pub fn new(ground: Ground, config: Config) -> Result<Self, WebhookError> {
        let ground = Arc::new(ground);
        let clock = || Arc::clone(&ground.clock);
        let webhook = config.webhook.as_ref();
        Ok(Self {
            providers: config
                .issuers
                .into_iter()
                .map(|issuer| Provider::new(issuer, clock()))
                .collect(),
            webhook: webhook
                .map(|webhook| Webhook::new(webhook, clock()))
                .transpose()?,
            listed: config.listed,
            anonymous: config.anonymous,
            accounts: Accounts::new(Arc::clone(&ground)),
            ground,
            revoked: Revoked::default(),
            changes: watch::Sender::default(),
        })
    }

    /// Whose token it is, asked of those who could know.
    async fn whose(&self, token: &str, audiences: &[String]) -> Result<Authenticated, String> {
        if let Some(caller) = self.listed.caller(token) {
            return for_us(caller.clone(), audiences);
        }
        if let Some(halves) = bootstrap::halves(token)
            && let Some(secret) = self.secret(&bootstrap::key(halves.0))
        {
            let caller = bootstrap::caller(halves, &secret, self.ground.clock.now());
            return for_us(caller.map_err(|refused| refused.to_string())?, audiences);
        }
        let issuer = claimed_issuer(token).unwrap_or_default();
        let provider = self.providers.iter().find(|own| own.url() == issuer);
        if let Some(provider) = provider {
            return for_us(provider.caller(token).await?, audiences);
        }
        match &self.webhook {
            // What this cluster has signed is nobody else's to judge.
            Some(webhook) if issuer != ISSUER => webhook.authenticate(token, audiences).await,
            Some(_) | None => self.accounts.authenticate(token, audiences),
        }
    }

    fn secret(&self, key: &ObjectKey) -> Option<Object> {
        let snapshot = (self.ground.snapshot)();
        let stored = snapshot.get(&Key::from(key))?;
        Some(stored.value.object(stored.modified))
    }

    /// Follows what is revoked, for as long as the store tells.
    pub fn follow(&self, store: impl Store) -> impl Future<Output = ()> + Send + 'static {
        follow(store, self.changes.clone())
    }
}

impl Authenticator for Authn {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        audiences: &'a [String],
    ) -> Pending<'a, Result<Authenticated, String>> {
        Box::pin(self.whose(token, audiences))
    }

    fn certificate(&self, shown: &ClientCertificate, now: Timestamp) -> Result<Caller, String> {
        let caller = shown.caller(now)?;
        let revocations = self.revoked.at(&(self.ground.snapshot)());
        if revocations.is_some_and(|all| all.cover(&shown.user, shown.issued_at)) {
            return Err(format!(
                "the certificate of {:?} that was made at {} is revoked",
                shown.user, shown.issued_at
            ));
        }
        Ok(caller)
    }

    fn anonymous(&self, path: &str) -> Option<Caller> {
        self.anonymous.allows(path).then(Caller::anonymous)
    }

    fn revoked(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}

/// A credential that is good for this server, and nobody else.
fn for_us(caller: Caller, audiences: &[String]) -> Result<Authenticated, String> {
    let ours = ISSUER.to_owned();
    if audiences.is_empty() || audiences.contains(&ours) {
        return Ok(Authenticated {
            caller,
            audiences: vec![ours],
        });
    }
    Err("accept the token: it is meant for this server alone".to_owned())
}

impl TokenSigner for Authn {
    fn sign(&self, order: &TokenClaims) -> Result<SignedToken, String> {
        self.accounts.sign(order)
    }
}
