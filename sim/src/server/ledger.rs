//! The store of the simulated API server: the real index and the real way to watch it, on a disk
//! that keeps what was synced.

use std::sync::Arc;

use gantry_base::Timestamp;
use gantry_store::{
    Change, CommitError, HistoryLimits, Index, KeyRange, Live, Record, Revision, Snapshot, Txn,
    Watch, WatchError,
};

use crate::plant::Slip;

/// The store, and what changed in it since somebody asked.
#[derive(Debug)]
pub(crate) struct Ledger {
    index: Index,
    live: Live,
    limits: HistoryLimits,
    fresh: Vec<Arc<Change>>,
}

impl Ledger {
    pub(crate) fn new(limits: HistoryLimits) -> Self {
        let index = Index::new(limits);
        Self {
            live: Live::new(index.snapshot()),
            index,
            limits,
            fresh: Vec::new(),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.live.snapshot()
    }

    pub(crate) fn watch(&self, range: KeyRange, since: Revision) -> Result<Watch, WatchError> {
        self.live.watch(range, since)
    }

    pub(crate) fn commit(&mut self, txn: &Txn, now: Timestamp) -> Result<Revision, CommitError> {
        txn.check_limits()?;
        let before = self.index.revision();
        let revision = self.index.apply(txn, now)?;
        let snapshot = self.index.snapshot();
        match snapshot.changes(before) {
            Ok(changes) => self.fresh.extend(changes.cloned()),
            // The newest change is itself forgotten at once: its writes tell what it was.
            Err(_) => self
                .fresh
                .extend(retold(txn, &self.live.snapshot(), &snapshot)),
        }
        self.live.publish(snapshot);
        Ok(revision)
    }

    /// Forgets the past that is too old by now.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        self.index.forget(now);
        // Only a planted bug lets the index fall behind what was published.
        if self.live.snapshot().revision() <= self.index.revision() {
            self.live.publish(self.index.snapshot());
        }
    }

    /// Lets the newest revision be given once more: a planted bug.
    pub(crate) fn give_again(&mut self) {
        let snapshot = self.index.snapshot();
        let before = Revision(snapshot.revision().0 - 1);
        self.index = Index::restored(before, records(&snapshot), self.limits);
    }

    /// The changes that were committed since the last call.
    pub(crate) fn take_changes(&mut self) -> Vec<Arc<Change>> {
        std::mem::take(&mut self.fresh)
    }

    /// Begins again with what the disk has: all that was committed, and none of its past.
    pub(crate) fn restart(&mut self, slip: Slip) {
        let snapshot = self.index.snapshot();
        let newest = snapshot.revision().0;
        let kept = snapshot.at(Revision(newest - slip.lost));
        let kept = kept.unwrap_or(snapshot);
        self.live.close();
        self.index = Index::restored(Revision(newest - slip.back), records(&kept), self.limits);
        self.live = Live::new(self.index.snapshot());
    }
}

fn records(snapshot: &Snapshot) -> impl Iterator<Item = Record> {
    snapshot.range("", None).map(|(key, stored)| Record {
        key: key.clone(),
        stored: stored.clone(),
    })
}

fn retold(txn: &Txn, before: &Snapshot, after: &Snapshot) -> Vec<Arc<Change>> {
    let changes = txn.writes.iter().map(|write| {
        let key = write.key().clone();
        Arc::new(Change {
            revision: after.revision(),
            old: before.get(&key).cloned(),
            new: after.get(&key).cloned(),
            key,
        })
    });
    changes.filter(|change| change.old != change.new).collect()
}
