//! How long nodes have been silent, by our own clock.
//!
//! A lease and a status carry their node's idea of the time, which may be any. What counts is that
//! it changes: silence is the time between looks that found both as they were. A clock of ours that
//! jumps adds no more than one pause between looks.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::since;

use crate::limits::NODE_LOOK;

/// What was heard of each node, since this controller began.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// Held for one look.
    heard: Mutex<BTreeMap<String, Heard>>,
}

/// The last signs of life that a node gave, by its own clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// When it renewed its lease.
    pub(super) renewed: Option<Timestamp>,
    /// When it reported its status.
    pub(super) reported: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    signs: Signs,
    looked: Timestamp,
    silent: Duration,
}

impl Silence {
    /// How long the node has been silent, given its signs of life at this look. Who is looked at for
    /// the first time has just been heard of.
    pub(super) fn of(&self, node: &str, signs: Signs, now: Timestamp) -> Duration {
        let mut all = self.lock();
        let before = all.get(node).filter(|heard| heard.signs == signs);
        let silent = before.map_or(Duration::ZERO, |heard| {
            heard.silent + since(now, heard.looked).min(NODE_LOOK)
        });
        let heard = Heard {
            signs,
            looked: now,
            silent,
        };
        all.insert(node.to_owned(), heard);
        silent
    }

    /// The node is gone.
    pub(super) fn forget(&self, node: &str) {
        self.lock().remove(node);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_lease_that_changes_is_a_sign_of_life_whatever_time_it_tells() {
        let silence = Silence::default();
        let of = |renewed, now| {
            let signs = Signs {
                renewed: Some(at(renewed)),
                ..Signs::default()
            };
            silence.of("n", signs, at(now)).as_secs()
        };
        assert_eq!(of(1_000, 0), 0);
        assert_eq!(of(1_000, 10), 10);
        assert_eq!(of(1_000, 20), 20);
        assert_eq!(of(7, 30), 0, "its clock went back, but it lives");
        silence.forget("n");
        assert_eq!(of(7, 99), 0);
    }

    #[test]
    fn a_jump_of_our_own_clock_makes_nobody_silent() {
        let silence = Silence::default();
        let of = |now| silence.of("n", Signs::default(), at(now)).as_secs();
        assert_eq!(of(0), 0);
        assert_eq!(of(90), 10);
        assert_eq!(of(5), 10);
        assert_eq!(of(15), 20);
    }
}
