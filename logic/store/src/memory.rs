//! A store that forgets everything when it is dropped: for tests and simulations.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};

use gantry_api::key::Revision;
use gantry_base::Timestamp;

use crate::index::Index;
use crate::key::KeyRange;
use crate::limits::HistoryLimits;
use crate::live::Live;
use crate::snapshot::Snapshot;
use crate::store::{CommitError, Store, WatchError};
use crate::txn::Txn;
use crate::watch::Watch;

/// State that lives in memory only. Its clock stands still until it is set.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    live: Live,
    state: Arc<Mutex<State>>,
}

/// The lock makes a change and its publication one step.
#[derive(Debug)]
struct State {
    index: Index,
    now: Timestamp,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(limits: HistoryLimits) -> Self {
        let index = Index::new(limits);
        Self {
            live: Live::new(index.snapshot()),
            state: Arc::new(Mutex::new(State {
                index,
                now: Timestamp::UNIX_EPOCH,
            })),
        }
    }

    /// Sets the clock, and forgets what is too old by then.
    pub fn set_time(&self, now: Timestamp) {
        let mut state = self.lock();
        state.now = now;
        state.index.forget(now);
        self.live.publish(state.index.snapshot());
    }

    /// Commits at once.
    pub fn commit_now(&self, txn: &Txn) -> Result<Revision, CommitError> {
        txn.check_limits()?;
        let mut state = self.lock();
        let now = state.now;
        let revision = state.index.apply(txn, now)?;
        self.live.publish(state.index.snapshot());
        Ok(revision)
    }

    /// Ends all watches.
    pub fn close(&self) {
        self.live.close();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("a broken invariant has ended this store already")
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(HistoryLimits::default())
    }
}

impl Store for MemoryStore {
    fn snapshot(&self) -> Snapshot {
        self.live.snapshot()
    }

    fn commit(&self, txn: Txn) -> impl Future<Output = Result<Revision, CommitError>> + Send {
        let store = self.clone();
        async move { store.commit_now(&txn) }
    }

    fn watch(&self, range: KeyRange, since: Revision) -> Result<Watch, WatchError> {
        self.live.watch(range, since)
    }
}

#[cfg(test)]
mod tests {
    use crate::contract::Contract;

    use super::*;

    #[test]
    fn the_store_in_memory_keeps_the_contract() {
        Contract::new(MemoryStore::new, ready).check();
    }

    /// Nothing in this store waits, so one look is enough.
    fn ready(future: std::pin::Pin<Box<dyn Future<Output = ()> + '_>>) {
        let mut future = future;
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_ready());
    }
}
