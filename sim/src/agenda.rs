//! What will happen, in order. Two events at the same moment happen in the order they were entered.

use std::collections::BTreeMap;

use gantry_base::Timestamp;

use crate::actor::{Address, Input};
use crate::faults::Fault;
use crate::server::{Arrival, PendingId, StreamId};

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// Something reaches an actor.
    Input(Address, Input),
    /// A request reaches the server.
    Arrive(Box<Arrival>),
    /// The disk has taken what a request writes, or not.
    Synced(PendingId),
    /// A watch has something to tell.
    Pump(StreamId),
    /// A watcher is told how far it is.
    Bookmark(StreamId),
    /// A watch has lasted long enough.
    EndOfStream(StreamId),
    /// A fault that is not bound to an event strikes.
    Strike(Fault),
    /// What such a fault did comes to its end.
    Relief(Relief),
}

/// The end of a fault that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Relief {
    /// A member of the API server is back.
    Member(usize),
    /// An actor begins anew with an empty memory.
    Reborn(usize),
    /// An actor can be reached again.
    Rejoined(usize),
    /// The disk takes writes again.
    DiskFreed,
    /// The second leader gives up.
    RivalGone(usize),
    /// A machine that had died is switched on again.
    Repaired(usize),
}

/// An event and the step that entered it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) cause: u64,
    pub(crate) event: Event,
}

/// What will happen, in order.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<(Timestamp, u64), Entry>,
    last: u64,
}

impl Agenda {
    pub(crate) fn enter(&mut self, when: Timestamp, cause: u64, event: Event) {
        self.last += 1;
        self.entries
            .insert((when, self.last), Entry { cause, event });
    }

    /// Takes what happens next.
    pub(crate) fn next(&mut self) -> Option<(Timestamp, Entry)> {
        let ((when, _), entry) = self.entries.pop_first()?;
        Some((when, entry))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
