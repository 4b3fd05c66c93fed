//! An issuer outside of the cluster: its keys, fetched when they are needed and kept for a while.
//!
//! A key that is not known has the keys fetched again, but not more often than the limits say:
//! whoever makes up names of keys keeps nobody busy.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;
use tracing::{info, warn};

use gantry_access::authn::Issuer;
use gantry_api::Caller;
use gantry_base::chain;
use gantry_gateway::Clock;
use gantry_pki::{Jwks, JwsError};

use crate::fetch;
use crate::limits::{KEYS_AGE, KEYS_PAUSE};

/// An issuer with its keys.
#[derive(Debug)]
pub(crate) struct Provider {
    issuer: Issuer,
    clock: Arc<dyn Clock>,
    /// Held while keys are fetched, so that they are fetched once for all who wait.
    keys: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    known: Option<Arc<Jwks>>,
    /// When they came.
    since: Duration,
    /// When they were asked for last.
    asked: Option<Duration>,
    /// Why they did not come, the last time.
    why: String,
}

impl Provider {
    pub(crate) fn new(issuer: Issuer, clock: Arc<dyn Clock>) -> Self {
        Self {
            issuer,
            clock,
            keys: Mutex::default(),
        }
    }

    /// What its tokens call it.
    pub(crate) fn url(&self) -> &str {
        &self.issuer.url
    }

    /// Whom a token speaks for.
    pub(crate) async fn caller(&self, token: &str) -> Result<Caller, String> {
        let algorithms = &self.issuer.algorithms;
        let keys = self.keys(None).await?;
        let mut verified = keys.verify(token, algorithms);
        if let Err(JwsError::UnknownKey { .. }) = verified {
            verified = self.keys(Some(&keys)).await?.verify(token, algorithms);
        }
        let claims = verified.map_err(|error| error.to_string())?;
        let caller = self.issuer.caller(&claims, self.clock.now());
        caller.map_err(|refused| refused.to_string())
    }

    /// The keys as they are known, or newer ones than `old`, if they may be asked for by now.
    async fn keys(&self, old: Option<&Arc<Jwks>>) -> Result<Arc<Jwks>, String> {
        let mut keys = self.keys.lock().await;
        let now = self.clock.ticks();
        let is_fresh = now < keys.since + KEYS_AGE;
        let is_newer = |known: &&Arc<Jwks>| old.is_none_or(|old| !Arc::ptr_eq(old, known));
        if let Some(known) = keys.known.as_ref().filter(is_newer).filter(|_| is_fresh) {
            return Ok(Arc::clone(known));
        }
        let may_ask = keys.asked.is_none_or(|asked| asked + KEYS_PAUSE <= now);
        if may_ask {
            keys.asked = Some(now);
            match self.fetch().await {
                Ok(fetched) => {
                    info!(issuer = self.url(), keys = ?fetched, "fetched the keys of an issuer");
                    keys.known = Some(Arc::new(fetched));
                    keys.since = now;
                }
                Err(why) => {
                    warn!(
                        issuer = self.url(),
                        why, "could not fetch the keys of an issuer"
                    );
                    keys.why = why;
                }
            }
        }
        let known = keys.known.clone();
        known.ok_or_else(|| format!("learn the keys of {}: {}", self.url(), keys.why))
    }

    async fn fetch(&self) -> Result<Jwks, String> {
        let authority = self.issuer.authority.as_deref();
        let document = fetch::get(&self.issuer.discovery_url, authority).await?;
        let document: Value = serde_json::from_slice(&document)
            .map_err(|error| format!("read {}: {error}", self.issuer.discovery_url))?;
        let text = |field: &str| {
            document
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        if text("issuer") != self.url() {
            return Err(format!(
                "believe {}: it speaks for {:?}",
                self.issuer.discovery_url,
                text("issuer")
            ));
        }
        let keys = fetch::get(text("jwks_uri"), authority).await?;
        Jwks::read(&keys).map_err(|error| chain(&error))
    }
}
