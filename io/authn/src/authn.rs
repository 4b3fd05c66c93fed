//! The one who is asked whose a credential is.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use gantry_api::Caller;
use gantry_base::Timestamp;
use gantry_gateway::{Authenticator, ClientCertificate, Clock, Pending, TokenSigner};
use gantry_pki::TokenKey;
use gantry_registry::step::Authenticated;
use gantry_registry::subresources::token::{SignedToken, TokenClaims};
use gantry_store::{Snapshot, Store};

use crate::accounts::Accounts;
use crate::revoked::{Revoked, follow};

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
    revoked: Revoked,
    changes: watch::Sender<()>,
}

impl Authn {
    /// One who judges by `ground`.
    #[must_use]
    pub fn new(ground: Ground) -> Self {
        let ground = Arc::new(ground);
        Self {
            accounts: Accounts::new(Arc::clone(&ground)),
            ground,
            revoked: Revoked::default(),
            changes: watch::Sender::default(),
        }
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
        Box::pin(std::future::ready(
            self.accounts.authenticate(token, audiences),
        ))
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

    fn revoked(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}

impl TokenSigner for Authn {
    fn sign(&self, order: &TokenClaims) -> Result<SignedToken, String> {
        self.accounts.sign(order)
    }
}
