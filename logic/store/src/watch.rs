//! One watcher's way through the changes.
//!
//! It reads the shared history in batches. Dropping it ends the watch; dropping the future of
//! [`next`](Watch::next) loses nothing.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use gantry_api::key::Revision;

use crate::change::Change;
use crate::hub::WatcherId;
use crate::key::KeyRange;
use crate::limits::WATCH_BATCH;
use crate::live::{Live, Look, before};
use crate::snapshot::Snapshot;
use crate::store::WatchError;

/// The changes in one range, in order, none missing, none twice.
#[derive(Debug)]
pub struct Watch {
    live: Live,
    id: WatcherId,
    range: KeyRange,
    batch: VecDeque<Arc<Change>>,
    /// Where to read on when the last batch was full.
    resume: Option<Revision>,
    failure: Option<WatchError>,
}

impl Watch {
    pub(crate) const fn new(live: Live, id: WatcherId, range: KeyRange) -> Self {
        Self {
            live,
            id,
            range,
            batch: VecDeque::new(),
            resume: None,
            failure: None,
        }
    }

    /// The next change, as soon as there is one. After an error, always that error.
    pub async fn next(&mut self) -> Result<Arc<Change>, WatchError> {
        poll_fn(|context| match self.poll(Some(context.waker())) {
            Ok(Some(change)) => Poll::Ready(Ok(change)),
            Ok(None) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        })
        .await
    }

    /// The next change if there is one already.
    pub fn try_next(&mut self) -> Result<Option<Arc<Change>>, WatchError> {
        self.poll(None)
    }

    /// The revision up to which everything in range has been handed out: what a bookmark says.
    #[must_use]
    pub fn progress(&self) -> Revision {
        let next = self.batch.front().map(|change| change.revision);
        match next.or(self.resume) {
            Some(next) => before(next),
            None => self.live.told(self.id),
        }
    }

    fn poll(&mut self, waker: Option<&Waker>) -> Result<Option<Arc<Change>>, WatchError> {
        loop {
            if let Some(change) = self.batch.pop_front() {
                return Ok(Some(change));
            }
            if let Some(failure) = self.failure {
                return Err(failure);
            }
            match self.live.look(self.id, self.resume.take(), waker) {
                Look::Behind(behind, newest) => self.read(behind, &newest),
                Look::Nothing => return Ok(None),
                Look::Closed => self.failure = Some(WatchError::Closed),
            }
        }
    }

    /// Takes a batch from the history, cut only between revisions.
    fn read(&mut self, from: Revision, newest: &Snapshot) {
        let since = before(from);
        let Ok(changes) = newest.changes(since) else {
            let oldest = newest.oldest();
            self.failure = Some(WatchError::Lagged { since, oldest });
            return;
        };
        for change in changes.filter(|change| self.range.contains(&change.key)) {
            let is_new_revision = self
                .batch
                .back()
                .is_none_or(|b| b.revision < change.revision);
            if self.batch.len() >= WATCH_BATCH && is_new_revision {
                self.resume = Some(change.revision);
                return;
            }
            self.batch.push_back(Arc::clone(change));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.live.leave(self.id);
    }
}
