//! The state itself: applies transactions one after another.
//!
//! A clone shares everything, so whoever applies can go back to a clone taken before. Nothing here
//! is durable. The same transactions at the same times always lead to the same state.

use std::sync::Arc;

use gantry_api::Encoded;
use gantry_api::key::Revision;
use gantry_base::Timestamp;

use crate::change::{Change, Stored};
use crate::history::History;
use crate::key::Key;
use crate::limits::HistoryLimits;
use crate::objects::Objects;
use crate::snapshot::{Picture, Snapshot};
use crate::store::CommitError;
use crate::txn::{Guard, Txn, Write};

/// All keys and their values, and as much of the past as the limits allow.
#[derive(Clone, Debug)]
pub struct Index {
    picture: Picture,
    limits: HistoryLimits,
}

/// One key with its value, as it is read back from a medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which key.
    pub key: Key,
    /// What stood there.
    pub stored: Stored,
}

impl Index {
    /// An empty state at revision 0.
    #[must_use]
    pub fn new(limits: HistoryLimits) -> Self {
        Self::restored(Revision(0), [], limits)
    }

    /// The state at `revision` that `records` make up; its past begins there.
    #[must_use]
    pub fn restored(
        revision: Revision,
        records: impl IntoIterator<Item = Record>,
        limits: HistoryLimits,
    ) -> Self {
        let objects = records
            .into_iter()
            .map(|record| (record.key, record.stored));
        let picture = Picture {
            revision,
            objects: objects.collect(),
            history: History::starting(revision),
        };
        Self { picture, limits }
    }

    /// The newest revision.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.picture.revision
    }

    /// How things stand. Costs one allocation.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(Arc::new(self.picture.clone()))
    }

    /// Applies `txn` if its guards hold; `now` is when that happened.
    ///
    /// Resolves to the new revision, or to the newest when nothing changed. After an error
    /// everything is as it was before. Limits are the business of whoever takes transactions in:
    /// what was once accepted stays readable.
    pub fn apply(&mut self, txn: &Txn, now: Timestamp) -> Result<Revision, CommitError> {
        let objects = &self.picture.objects;
        txn.guards
            .iter()
            .try_for_each(|guard| check(guard, objects))?;
        let next = self.revision().next();
        let changes = self.write(&txn.writes, next);
        if !changes.is_empty() {
            self.push(next, changes, now);
        }
        Ok(self.revision())
    }

    /// Takes over what somebody else committed at `revision`, which is later than all that is here;
    /// `now` is when it became known. Between this revision and the one before nothing happened.
    pub fn follow(&mut self, revision: Revision, writes: &[Write], now: Timestamp) {
        assert!(
            self.revision() < revision,
            "a revision was followed that is there already"
        );
        let changes = self.write(writes, revision);
        if changes.is_empty() {
            self.picture.revision = revision;
        } else {
            self.push(revision, changes, now);
        }
    }

    /// Forgets the past that is too old at `now`.
    pub fn forget(&mut self, now: Timestamp) {
        self.picture.history.forget(now, &self.limits);
    }

    fn push(&mut self, at: Revision, changes: Vec<Arc<Change>>, now: Timestamp) {
        let Picture {
            revision,
            objects,
            history,
        } = &mut self.picture;
        *revision = at;
        history.push(at, now, changes, objects);
        history.forget(now, &self.limits);
    }

    fn write(&mut self, writes: &[Write], revision: Revision) -> Vec<Arc<Change>> {
        let objects = &mut self.picture.objects;
        let change = |write: &Write| {
            let (old, new) = match write {
                Write::Put { key, value } => put(objects, key, value, revision),
                Write::Delete { key } => (Some(objects.remove(key)?), None),
            };
            let key = write.key().clone();
            Some(Arc::new(Change {
                key,
                revision,
                old,
                new,
            }))
        };
        writes.iter().filter_map(change).collect()
    }
}

fn put(
    objects: &mut Objects,
    key: &Key,
    value: &Arc<Encoded>,
    revision: Revision,
) -> (Option<Stored>, Option<Stored>) {
    let created = objects.get(key).map_or(revision, |old| old.created);
    let new = Stored {
        value: Arc::clone(value),
        created,
        modified: revision,
    };
    (objects.insert(key.clone(), new.clone()), Some(new))
}

fn check(guard: &Guard, objects: &Objects) -> Result<(), CommitError> {
    let missing = |key: &Key| CommitError::Missing { key: key.clone() };
    match guard {
        Guard::Absent(key) => match objects.get(key) {
            None => Ok(()),
            Some(found) => Err(CommitError::Exists {
                key: key.clone(),
                created: found.created,
            }),
        },
        Guard::Present(key) => objects.get(key).map(drop).ok_or_else(|| missing(key)),
        Guard::Unchanged { key, since } => {
            let found = objects.get(key).ok_or_else(|| missing(key))?.modified;
            if found == *since {
                return Ok(());
            }
            Err(CommitError::Conflict {
                key: key.clone(),
                read: *since,
                found,
            })
        }
    }
}

#[cfg(test)]
mod tests;
