//! The store with its type erased, so that nothing above has to carry it around.

use std::sync::Arc;

use gantry_store::{
    CommitError, Freshness, KeyRange, Revision, Snapshot, StaleError, Store, Txn, Watch, WatchError,
};

use crate::outside::Pending;

/// What the gateway asks of a store.
pub(crate) trait Ledger: Send + Sync {
    fn snapshot(&self) -> Snapshot;
    fn commit(&self, txn: Txn) -> Pending<'_, Result<Revision, CommitError>>;
    fn watch(&self, range: KeyRange, since: Revision) -> Result<Watch, WatchError>;
    fn reach(&self, freshness: Freshness) -> Pending<'_, Result<(), StaleError>>;
}

struct Erased<S>(S);

impl<S: Store> Ledger for Erased<S> {
    fn snapshot(&self) -> Snapshot {
        self.0.snapshot()
    }

    fn commit(&self, txn: Txn) -> Pending<'_, Result<Revision, CommitError>> {
        Box::pin(self.0.commit(txn))
    }

    fn watch(&self, range: KeyRange, since: Revision) -> Result<Watch, WatchError> {
        self.0.watch(range, since)
    }

    fn reach(&self, freshness: Freshness) -> Pending<'_, Result<(), StaleError>> {
        Box::pin(self.0.reach(freshness))
    }
}

/// The same store without its type.
pub(crate) fn erase(store: impl Store) -> Arc<dyn Ledger> {
    Arc::new(Erased(store))
}
