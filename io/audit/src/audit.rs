//! The policy, and everybody who writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gantry_access::audit::{Policy, PolicyError};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::backlog::{Backlog, Counts, Line};
use crate::error::AuditError;
use crate::limits::{FAREWELL, PATIENCE, POLICY_BYTES};
use crate::log::{Log, LogConfig};
use crate::webhook::{Webhook, WebhookConfig};

/// How often it is looked whether the last events are written.
const GLANCE: Duration = Duration::from_millis(5);

/// What is written down, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditConfig {
    /// The file with the policy.
    pub policy: PathBuf,
    /// To which file it is written.
    pub log: Option<LogConfig>,
    /// To which webhook it is sent.
    pub webhook: Option<WebhookConfig>,
}

/// Who writes down what was asked.
#[derive(Debug)]
pub struct Audit {
    policy: Policy,
    log: Option<Log>,
    webhook: Option<Arc<Webhook>>,
    /// Held while the sender is waited for at the end.
    sending: tokio::sync::Mutex<JoinSet<()>>,
}

impl Audit {
    /// Reads the policy, opens the file, and begins to send. `parse` reads a file of the operator's
    /// into a tree. Runs inside of an async runtime.
    pub fn open<E>(
        config: &AuditConfig,
        parse: impl FnOnce(&str) -> Result<Value, E>,
    ) -> Result<Self, AuditError>
    where
        E: std::fmt::Display,
    {
        let policy = policy(&config.policy, parse)?;
        let log = config.log.as_ref().map(Log::open).transpose()?;
        let webhook = config.webhook.as_ref().map(Webhook::open).transpose()?;
        let webhook = webhook.map(Arc::new);
        let mut sending = JoinSet::new();
        if let Some(webhook) = webhook.clone() {
            sending.spawn(async move { webhook.run().await });
        }
        Ok(Self {
            policy,
            log,
            webhook,
            sending: tokio::sync::Mutex::new(sending),
        })
    }

    /// What is written of which request.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Who writes, with what became of the events.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, &Counts)> {
        self.outlets().map(|(name, _, counts)| (name, counts))
    }

    fn outlets(&self) -> impl Iterator<Item = (&'static str, &Backlog, &Counts)> {
        let log = self.log.iter();
        let log = log.map(|own| ("log", own.backlog.as_ref(), own.counts.as_ref()));
        let webhook = self.webhook.iter();
        log.chain(webhook.map(|own| ("webhook", own.backlog.as_ref(), own.counts.as_ref())))
    }

    /// Waits a moment for room, so that a client is slowed down before events are lost.
    pub async fn ready(&self) {
        let room = async {
            if let Some(log) = &self.log {
                log.backlog.has_room().await;
            }
        };
        // Whoever waited long enough is let through, and what does not fit is counted.
        gantry_base::ignore(timeout(PATIENCE, room).await, "it is counted what is lost");
    }

    /// Has an event written. Never waits: where there is no room for it, it is lost and counted.
    pub fn tell(&self, event: &Value) {
        let line = Line::from(format!("{event}\n"));
        for (_, backlog, counts) in self.outlets() {
            counts.told();
            if !backlog.put(&line) {
                counts.lost(1, "they come faster than they are taken");
            }
        }
    }

    /// Has everything written that waits, for a moment.
    pub async fn close(&self) {
        for (_, backlog, _) in self.outlets() {
            backlog.close();
        }
        let written = async {
            while self.log.as_ref().is_some_and(|log| !log.is_done()) {
                sleep(GLANCE).await;
            }
            let mut sending = self.sending.lock().await;
            while sending.join_next().await.is_some() {}
        };
        if timeout(FAREWELL, written).await.is_err() {
            for (_, backlog, counts) in self.outlets() {
                let (left, _) = backlog.state();
                counts.lost(left, "the server stops");
            }
            self.sending.lock().await.shutdown().await;
        }
    }

    /// How many events were lost so far.
    pub fn lost(&self) -> u64 {
        self.counts()
            .map(|(_, counts)| counts.lost.load(Ordering::Relaxed))
            .sum()
    }
}

fn policy<E: std::fmt::Display>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<Value, E>,
) -> Result<Policy, AuditError> {
    let unread = |source| AuditError::Read {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(unread)?.len() > POLICY_BYTES {
        return Err(AuditError::TooLong {
            path: path.to_owned(),
            limit: POLICY_BYTES,
        });
    }
    let text = fs::read_to_string(path).map_err(unread)?;
    let read = || {
        let file = parse(&text).map_err(|error| PolicyError {
            field: "the file".to_owned(),
            why: error.to_string(),
        })?;
        Policy::read(&file)
    };
    read().map_err(|source| AuditError::Policy {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
