//! What all hollow nodes of a process share.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use gantry_client::Api;
use gantry_driver::Cache;
use gantry_gateway::Clock;

use super::limits::{BEATS_AT_ONCE, HOUSEKEEPING, READS_AT_ONCE, WRITES_AT_ONCE};
use super::referred::Referred;
use super::troubles::Troubles;
use crate::notes::Notes;
use crate::reports::Reports;

/// What all hollow nodes of a process share.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) api: Arc<dyn Api>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) cache: Cache,
    pub(super) notes: Notes,
    pub(super) referred: Referred,
    pub(super) troubles: Troubles,
    pub(super) writes: Semaphore,
    pub(super) beats: Semaphore,
    pub(super) reads: Semaphore,
    /// How many nodes have told that they are ready.
    pub(super) registered: watch::Sender<usize>,
    /// Tasks that were begun for pods. Held to add one only; all of them end with the nodes.
    pub(super) tasks: Mutex<JoinSet<()>>,
}

impl Parts {
    pub(super) fn new(api: Arc<dyn Api>, clock: Arc<dyn Clock>, notes: Notes) -> Self {
        Self {
            api,
            clock,
            cache: Cache::default(),
            notes,
            referred: Referred::default(),
            troubles: Troubles::default(),
            writes: Semaphore::new(WRITES_AT_ONCE),
            beats: Semaphore::new(BEATS_AT_ONCE),
            reads: Semaphore::new(READS_AT_ONCE),
            registered: watch::Sender::new(0),
            tasks: Mutex::default(),
        }
    }

    /// The way to tell the API what became of pods.
    pub(super) fn reports(&self) -> Reports<'_> {
        Reports {
            api: &self.api,
            clock: &self.clock,
            cache: &self.cache,
        }
    }

    /// Runs a task until it ends or the nodes do.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

/// Forgets what nobody needs, and tells of troubles, until it is dropped.
pub(super) async fn keep_house(parts: Arc<Parts>) {
    loop {
        parts.clock.sleep(HOUSEKEEPING).await;
        parts.referred.forget_others(&parts.cache.view());
        parts.troubles.tell();
    }
}
