//! What all parts of a simulation share: the time, the agenda, chance, trouble and the timeline.

use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::after;

use crate::actor::{Address, Input};
use crate::agenda::{Agenda, Event};
use crate::chance::Chance;
use crate::fact::Fact;
use crate::faults::{Fault, Faults};
use crate::trace::{Stamp, Trace};

/// How long a message takes.
const TRIP: (Duration, Duration) = (Duration::from_micros(80), Duration::from_micros(600));
/// How long a client waits for an answer that does not come.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// What all parts of a simulation share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) now: Timestamp,
    /// Counts what has happened.
    pub(crate) step: u64,
    /// The step that led to the present one.
    pub(crate) cause: u64,
    pub(crate) agenda: Agenda,
    pub(crate) chance: Chance,
    pub(crate) faults: Faults,
    pub(crate) trace: Trace,
    /// What laws have not heard of yet.
    pub(crate) facts: Vec<Fact>,
}

impl Core {
    pub(crate) fn at(&mut self, when: Timestamp, event: Event) {
        self.agenda.enter(when.max(self.now), self.step, event);
    }

    pub(crate) fn after(&mut self, delay: Duration, event: Event) {
        self.at(after(self.now, delay), event);
    }

    /// How long a message is under way.
    pub(crate) fn trip(&mut self) -> Duration {
        self.chance.stream("network").between(TRIP.0, TRIP.1)
    }

    /// How long a client waits before it takes an answer for lost.
    pub(crate) fn patience(&mut self) -> Duration {
        self.chance
            .stream("network")
            .between(PATIENCE.0, PATIENCE.1)
    }

    /// Whether a fault strikes here; says so.
    pub(crate) fn strikes(&mut self, fault: Fault, whom: &str) -> bool {
        let strikes = self.faults.strikes(fault);
        if strikes {
            self.line("trouble", format_args!("{} strikes {whom}", fault.name()));
        }
        strikes
    }

    pub(crate) fn send(&mut self, delay: Duration, to: Address, input: Input) {
        self.after(delay, Event::Input(to, input));
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            now: self.now,
            step: self.step,
            cause: self.cause,
        }
    }

    pub(crate) fn line(&mut self, who: &str, text: std::fmt::Arguments<'_>) {
        let stamp = self.stamp();
        self.trace.line(stamp, who, text);
    }
}
