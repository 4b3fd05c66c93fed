//! Keys that are due, now or later, each at most once.
//!
//! The queue takes the time as an argument, so that a simulation shares it. A key that fails comes
//! back with growing delays; a key that succeeds is forgiven.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::backoff::Backoff;
use gantry_base::time::after;

/// The delays between retries of a key that keeps failing.
pub const RETRY: Backoff = Backoff {
    first: Duration::from_millis(20),
    longest: Duration::from_secs(60),
};

/// What the queue has to offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<K> {
    /// This key is due; it has left the queue.
    Due(K),
    /// Nothing is due before this moment.
    Wait(Timestamp),
    /// Nothing will be due before something is pushed.
    Idle,
}

/// Keys with the moments at which they are due.
#[derive(Clone, Debug)]
pub struct Queue<K> {
    due_at: BTreeMap<K, Timestamp>,
    order: BTreeSet<(Timestamp, K)>,
    failures: BTreeMap<K, u32>,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self {
            due_at: BTreeMap::new(),
            order: BTreeSet::new(),
            failures: BTreeMap::new(),
        }
    }
}

impl<K: Clone + Ord> Queue<K> {
    /// Makes `key` due at `when`, unless it is due earlier already.
    pub fn push(&mut self, key: K, when: Timestamp) {
        match self.due_at.get(&key) {
            Some(known) if *known <= when => return,
            Some(known) => {
                self.order.remove(&(*known, key.clone()));
            }
            None => {}
        }
        self.order.insert((when, key.clone()));
        self.due_at.insert(key, when);
    }

    /// Takes the key that has been due longest, if any is due at `now`.
    pub fn next(&mut self, now: Timestamp) -> Next<K> {
        let Some((when, key)) = self.order.first().cloned() else {
            return Next::Idle;
        };
        if when > now {
            return Next::Wait(when);
        }
        self.order.remove(&(when, key.clone()));
        self.due_at.remove(&key);
        Next::Due(key)
    }

    /// Notes that `key` went well: the next failure starts from the shortest delay.
    pub fn succeeded(&mut self, key: &K) {
        self.failures.remove(key);
    }

    /// Brings `key` back after a delay that grows with each failure in a row.
    pub fn failed(&mut self, key: K, now: Timestamp) -> Duration {
        let attempt = self.failures.entry(key.clone()).or_insert(0);
        let delay = RETRY.delay(*attempt);
        *attempt = attempt.saturating_add(1);
        self.push(key, after(now, delay));
        delay
    }

    /// The number of keys waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.due_at.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due_at.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_key_is_due_once_and_at_its_earliest_moment() {
        let mut queue = Queue::default();
        queue.push("a", at(20));
        queue.push("a", at(10));
        queue.push("a", at(30));
        assert_eq!(queue.next(at(5)), Next::Wait(at(10)));
        assert_eq!(queue.next(at(10)), Next::Due("a"));
        assert_eq!(queue.next(at(99)), Next::Idle);
    }

    #[test]
    fn failures_in_a_row_wait_longer_until_one_goes_well() {
        let mut queue = Queue::default();
        assert_eq!(queue.failed("a", at(0)), Duration::from_millis(20));
        assert_eq!(queue.failed("a", at(0)), Duration::from_millis(40));
        queue.succeeded(&"a");
        assert_eq!(queue.failed("a", at(0)), Duration::from_millis(20));
    }
}
