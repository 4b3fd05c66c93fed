//! The newest picture and those who watch it, behind one lock.
//!
//! Every store publishes here what has become durable, and hands out pictures and watches from
//! here. The lock is held for a few pointer operations per change, never while anybody waits.

use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use gantry_api::key::Revision;

use crate::hub::{Hub, WatcherId};
use crate::key::KeyRange;
use crate::snapshot::Snapshot;
use crate::store::WatchError;
use crate::watch::Watch;

/// A shared handle to the newest picture.
#[derive(Clone, Debug)]
pub struct Live(Arc<Mutex<State>>);

/// The lock protects that a watcher's place in the hub and the newest picture agree.
#[derive(Debug)]
struct State {
    newest: Snapshot,
    hub: Hub,
    is_closed: bool,
}

/// What a watcher finds when it looks for more.
#[derive(Debug)]
pub(crate) enum Look {
    /// Changes from this revision on, in this picture.
    Behind(Revision, Snapshot),
    /// Nothing; the waker has been noted.
    Nothing,
    /// Nothing, and nothing will come.
    Closed,
}

impl Live {
    /// Begins with `newest`.
    #[must_use]
    pub fn new(newest: Snapshot) -> Self {
        Self(Arc::new(Mutex::new(State {
            newest,
            hub: Hub::default(),
            is_closed: false,
        })))
    }

    /// The newest picture.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.lock().newest.clone()
    }

    /// Replaces the newest picture by a later one, and wakes those who watch what changed.
    pub fn publish(&self, newest: Snapshot) {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        let since = state.newest.revision();
        assert!(since <= newest.revision(), "a revision went backwards");
        match newest.changes(since) {
            Ok(changes) => {
                for change in changes {
                    state.hub.note(&change.key, change.revision, &mut wakers);
                }
            }
            // So much happened at once that its beginning is already forgotten.
            Err(_) => state.hub.note_all(since.next(), &mut wakers),
        }
        let replaced = std::mem::replace(&mut state.newest, newest);
        drop(state);
        // Freeing a picture that nobody else holds takes a while: not under the lock.
        drop(replaced);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// All changes in `range` after `since`.
    pub fn watch(&self, range: KeyRange, since: Revision) -> Result<Watch, WatchError> {
        let mut state = self.lock();
        let (oldest, newest) = (state.newest.oldest(), state.newest.revision());
        if state.is_closed {
            return Err(WatchError::Closed);
        }
        if since < oldest {
            return Err(WatchError::Compacted { since, oldest });
        }
        if newest < since {
            return Err(WatchError::Future { since, newest });
        }
        let behind = (since < newest).then(|| since.next());
        let id = state.hub.open(range.clone(), behind)?;
        drop(state);
        Ok(Watch::new(self.clone(), id, range))
    }

    /// Ends all watches once they have read everything; no new ones begin.
    pub fn close(&self) {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        state.is_closed = true;
        let next = state.newest.revision().next();
        state.hub.note_all(next, &mut wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Looks where the watcher has to read on; `resume` is where it stopped half-way.
    pub(crate) fn look(
        &self,
        id: WatcherId,
        resume: Option<Revision>,
        waker: Option<&Waker>,
    ) -> Look {
        let mut state = self.lock();
        let taken = state.hub.take(id);
        let newest = state.newest.revision();
        match resume.or(taken).filter(|behind| *behind <= newest) {
            Some(behind) => Look::Behind(behind, state.newest.clone()),
            None if state.is_closed => Look::Closed,
            None => {
                if let Some(waker) = waker {
                    state.hub.wait(id, waker);
                }
                Look::Nothing
            }
        }
    }

    /// The revision up to which the watcher has been told everything that the hub knows of.
    pub(crate) fn told(&self, id: WatcherId) -> Revision {
        let state = self.lock();
        let newest = state.newest.revision();
        let behind = state.hub.behind(id).map(before);
        behind.map_or(newest, |behind| behind.min(newest))
    }

    pub(crate) fn leave(&self, id: WatcherId) {
        self.lock().hub.close(id);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .expect("nobody panics while holding this lock")
    }
}

/// The revision before `revision`, which is not the first.
pub(crate) const fn before(revision: Revision) -> Revision {
    Revision(revision.0 - 1)
}
