//! One download for all who want the same thing at the same time.
//!
//! The first to come does the work; the others wait, are told how far it is, and find the result in
//! the store. If the first gives up or is cancelled, the next one in line takes over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedMutexGuard, watch};

use crate::digest::Digest;

/// The downloads that are under way.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    /// By what is downloaded. Entries of finished downloads are dead, and go at the next visit.
    lanes: Mutex<BTreeMap<Digest, Weak<Lane>>>,
}

#[derive(Debug)]
struct Lane {
    turn: Arc<tokio::sync::Mutex<()>>,
    done: watch::Sender<u64>,
}

/// The right to download; while it is held, others wait.
#[derive(Debug)]
pub(crate) struct Turn {
    lane: Arc<Lane>,
    _guard: OwnedMutexGuard<()>,
}

impl Turn {
    /// Tells those who wait how many bytes are there.
    pub(crate) fn advance(&self, done: u64) {
        self.lane.done.send_replace(done);
    }
}

impl Flights {
    /// Waits for the turn to download; `watching` hears how far others are meanwhile.
    pub(crate) async fn turn(&self, digest: &Digest, mut watching: impl FnMut(u64)) -> Turn {
        let lane = self.lane(digest);
        let mut done = lane.done.subscribe();
        let mut guard = std::pin::pin!(Arc::clone(&lane.turn).lock_owned());
        loop {
            tokio::select! {
                biased;
                changed = done.changed() => {
                    gantry_base::ignore(changed, "the sender lives in the lane that is held here");
                    watching(*done.borrow_and_update());
                }
                guard = &mut guard => return Turn { lane, _guard: guard },
            }
        }
    }

    fn lane(&self, digest: &Digest) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(digest).and_then(Weak::upgrade) {
            return lane;
        }
        lanes.retain(|_, lane| lane.strong_count() > 0);
        let lane = Arc::new(Lane {
            turn: Arc::default(),
            done: watch::Sender::new(0),
        });
        lanes.insert(digest.clone(), Arc::downgrade(&lane));
        lane
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_waits_hears_of_progress_and_takes_over() {
        let flights = Flights::default();
        let digest = Digest::of(b"x");
        let first = flights.turn(&digest, |_| ()).await;
        let mut heard = Vec::new();
        let second = flights.turn(&digest, |done| heard.push(done));
        let first = async {
            first.advance(7);
            tokio::task::yield_now().await;
            drop(first);
        };
        let (turn, ()) = tokio::join!(second, first);
        drop(turn);
        assert_eq!(heard, [7]);
        drop(flights.turn(&Digest::of(b"y"), |_| ()).await);
        assert_eq!(flights.lanes.lock().unwrap().len(), 1);
    }
}
