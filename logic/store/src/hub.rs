//! Who watches what, and which of them have something to read.
//!
//! A watcher has no queue: it reads the shared history from the first change it has not seen. So
//! the history's bounds are the only bounds, a slow watcher costs nothing, and an idle one never
//! falls behind. The invariant: `behind` is the first unseen revision with a change in range, or
//! nothing when there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

use gantry_api::key::Revision;

use crate::key::{Key, KeyRange};
use crate::limits::WATCHES_MAX;
use crate::store::WatchError;

/// Names one watcher within its hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatcherId(u64);

/// All watchers. It keeps no changes; see [`Live`](crate::Live) for the history beside it.
#[derive(Debug, Default)]
pub struct Hub {
    watchers: BTreeMap<WatcherId, Watcher>,
    /// The watchers by the family of their range.
    families: BTreeMap<String, BTreeSet<WatcherId>>,
    /// The watchers whose range spans families.
    wide: BTreeSet<WatcherId>,
    last: u64,
}

#[derive(Debug)]
struct Watcher {
    range: KeyRange,
    behind: Option<Revision>,
    waker: Option<Waker>,
}

impl Hub {
    /// Adds a watcher of `range`, who has everything before `behind`.
    pub fn open(
        &mut self,
        range: KeyRange,
        behind: Option<Revision>,
    ) -> Result<WatcherId, WatchError> {
        if self.watchers.len() >= WATCHES_MAX {
            return Err(WatchError::TooMany { limit: WATCHES_MAX });
        }
        self.last += 1;
        let id = WatcherId(self.last);
        let members = match range.family() {
            Some(family) => self.families.entry(family.to_owned()).or_default(),
            None => &mut self.wide,
        };
        members.insert(id);
        let waker = None;
        self.watchers.insert(
            id,
            Watcher {
                range,
                behind,
                waker,
            },
        );
        Ok(id)
    }

    /// Removes a watcher.
    pub fn close(&mut self, id: WatcherId) {
        let Some(watcher) = self.watchers.remove(&id) else {
            return;
        };
        self.wide.remove(&id);
        let Some(family) = watcher.range.family() else {
            return;
        };
        if let Some(members) = self.families.get_mut(family) {
            members.remove(&id);
            if members.is_empty() {
                self.families.remove(family);
            }
        }
    }

    /// Notes that `key` changed at `revision`; those to wake are added to `wakers`.
    pub fn note(&mut self, key: &Key, revision: Revision, wakers: &mut Vec<Waker>) {
        let family = key.as_str().split_once('/').map(|(family, _)| family);
        let narrow = family.and_then(|family| self.families.get(family));
        for id in narrow.into_iter().chain([&self.wide]).flatten() {
            let watcher = self.watchers.get_mut(id);
            let watcher = watcher.expect("a family lists only open watchers");
            if watcher.range.contains(key) {
                watcher.behind.get_or_insert(revision);
                wakers.extend(watcher.waker.take());
            }
        }
    }

    /// Notes that anything may have changed at `revision`, and wakes everybody.
    pub fn note_all(&mut self, revision: Revision, wakers: &mut Vec<Waker>) {
        for watcher in self.watchers.values_mut() {
            watcher.behind.get_or_insert(revision);
            wakers.extend(watcher.waker.take());
        }
    }

    /// Where the watcher has to read on, and takes that as read; `None` when there is nothing.
    pub fn take(&mut self, id: WatcherId) -> Option<Revision> {
        self.watchers.get_mut(&id)?.behind.take()
    }

    /// The first revision that the watcher has not seen, if there is one.
    #[must_use]
    pub fn behind(&self, id: WatcherId) -> Option<Revision> {
        self.watchers.get(&id)?.behind
    }

    /// Wakes `waker` when the watcher has something to read.
    pub fn wait(&mut self, id: WatcherId, waker: &Waker) {
        if let Some(watcher) = self.watchers.get_mut(&id) {
            watcher.waker = Some(waker.clone());
        }
    }

    /// How many watchers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.watchers.len()
    }

    /// Whether nobody watches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.watchers.is_empty()
    }
}
