//! What can be wrong with what follows the end of a plan.

use std::time::Duration;

use gantry_base::Timestamp;
use gantry_steering::{End, Turns};

use super::{Bug, Plant};

impl Plant {
    /// Tells the turns how a plan ended, well or not.
    pub(crate) fn ended<K: Clone + Ord, A>(
        &mut self,
        turns: &mut Turns<K>,
        (key, end): (K, &End<A>),
        recheck: Option<Duration>,
        now: Timestamp,
    ) {
        let is_lost = match end {
            // Whoever wrote first has made the key due.
            End::Done | End::Stale => false,
            End::Refused(..) | End::Failed(_) => self.is(Bug::LosesFailed),
        };
        if is_lost {
            return turns.idle(&key);
        }
        if !matches!(end, End::Done) && self.is(Bug::RetriesAtOnce) {
            return turns.due(key, now);
        }
        let recheck = recheck.filter(|_| !self.is(Bug::IgnoresRecheck));
        turns.ended(key, end, recheck, now);
    }
}
