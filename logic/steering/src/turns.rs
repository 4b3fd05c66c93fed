//! Whose turn it is: the bookkeeping of the one loop.
//!
//! Invariant: no key is decided on a view older than the writes that the loop made for it, or for
//! any key where [`Awaits::AllKeys`] says so.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_api::GroupResource;
use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_reconcile::{Awaits, Next, Queue, View};

use crate::limits::FULL_PASS;
use crate::outcome::{self, End, Written};

/// The keys of one loop: when each is due, and what the view must show before.
#[derive(Clone, Debug)]
pub struct Turns<K> {
    awaits: Awaits,
    queue: Queue<K>,
    /// What was written and not seen yet, for a key or for all.
    writes: BTreeMap<Option<K>, Written>,
    /// When everything is to be looked at, whether anything changed or not.
    pass_at: Option<Timestamp>,
}

impl<K: Clone + Ord> Turns<K> {
    /// Nothing is due yet.
    #[must_use]
    pub fn new(awaits: Awaits) -> Self {
        Self {
            awaits,
            queue: Queue::default(),
            writes: BTreeMap::new(),
            pass_at: None,
        }
    }

    /// Makes `key` due at `when`, unless it is due earlier already.
    pub fn due(&mut self, key: K, when: Timestamp) {
        self.queue.push(key, when);
    }

    /// Takes the key that has been due longest, if any is due at `now`.
    pub fn next(&mut self, now: Timestamp) -> Next<K> {
        match (self.queue.next(now), self.pass_at) {
            (Next::Wait(when), Some(pass_at)) => Next::Wait(when.min(pass_at)),
            (Next::Idle, Some(pass_at)) => Next::Wait(pass_at),
            (next, _) => next,
        }
    }

    /// Whether it is time for the slow pass over everything, which [`pass`](Self::pass) begins. The
    /// first comes a while after this was asked first.
    pub fn pass_is_due(&mut self, now: Timestamp) -> bool {
        let pass_at = self.pass_at.get_or_insert(after(now, FULL_PASS));
        let is_due = *pass_at <= now;
        if is_due {
            *pass_at = after(now, FULL_PASS);
        }
        is_due
    }

    /// Makes each of `keys` due once until the next pass, evenly. It heals whatever a change should
    /// have made due and did not.
    pub fn pass(&mut self, keys: impl ExactSizeIterator<Item = K>, now: Timestamp) {
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX).max(1);
        let pause = FULL_PASS / count;
        for (number, key) in (0..).zip(keys) {
            self.queue.push(key, after(now, pause * number));
        }
    }

    /// The own writes that the view must show before `key` is decided.
    #[must_use]
    pub fn awaited(&self, key: &K) -> Option<&Written> {
        self.writes.get(&self.scope(key))
    }

    /// The view shows what was awaited for `key`.
    pub fn seen(&mut self, key: &K) {
        self.writes.remove(&self.scope(key));
    }

    /// The view did not show in time what was awaited for `key`: it comes back later.
    pub fn unseen(&mut self, key: K, now: Timestamp) {
        self.queue.failed(key, now);
    }

    /// Remembers what was written for `key`, to be awaited before the next decision.
    pub fn wrote(&mut self, key: &K, written: Written) {
        if written.is_empty() {
            return;
        }
        let known = self.writes.entry(self.scope(key)).or_default();
        for (resource, revision) in written {
            outcome::add(known, resource, revision);
        }
    }

    /// The plan for `key` was carried out, or was not. Says after how long the key is looked at
    /// again, whatever changes meanwhile.
    pub fn ended<A>(
        &mut self,
        key: K,
        end: &End<A>,
        recheck: Option<Duration>,
        now: Timestamp,
    ) -> Option<Duration> {
        let delay = match end {
            End::Done => {
                self.queue.succeeded(&key);
                recheck?
            }
            // A view that stays behind must not make this a busy loop: news bring the key at once.
            End::Stale | End::Refused(..) | End::Failed(_) => {
                return Some(self.queue.failed(key, now));
            }
        };
        self.queue.push(key, after(now, delay));
        Some(delay)
    }

    /// There is nothing to keep true for `key`.
    pub fn idle(&mut self, key: &K) {
        self.queue.succeeded(key);
    }

    /// The number of keys that are due, now or later.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no key is due, now or later.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn scope(&self, key: &K) -> Option<K> {
        match self.awaits {
            Awaits::SameKey => Some(key.clone()),
            Awaits::AllKeys => None,
        }
    }
}

/// Whether `view` is at least as new as `writes`, as far as it holds their resources.
pub fn shows(view: &View, held: impl Fn(&GroupResource) -> bool, writes: &Written) -> bool {
    let mut awaited = writes.iter().filter(|(resource, _)| held(resource));
    awaited.all(|(resource, revision)| view.revision(resource) >= Some(*revision))
}

#[cfg(test)]
mod tests;
