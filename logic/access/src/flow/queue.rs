//! One queue of a level: who waits in it, and how much of the level's time it has had.

use std::collections::VecDeque;

use super::dispatch::Id;

/// Somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) id: Id,
    pub(crate) seats: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    pub(crate) waiting: VecDeque<Waiting>,
    /// Seats that its requests have now.
    pub(crate) running: u32,
    /// Where its next request begins on the level's virtual time: later, the more its requests took.
    pub(crate) begins: u64,
}

impl Queue {
    /// How much there is ahead of one that comes now.
    pub(crate) fn length(&self) -> u64 {
        let waiting = self.waiting.iter().map(|one| u64::from(one.seats));
        waiting.sum::<u64>() + u64::from(self.running)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running == 0
    }
}
