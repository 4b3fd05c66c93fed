//! How soon: whose requests wait for whose.
//!
//! A request is classified by the first FlowSchema that matches it, which names its priority level
//! and tells flows apart. Each level has a part of all seats; where nobody wants a part, others may
//! borrow of it. What does not find a seat waits in a queue of its level, dealt to it by shuffle
//! sharding, so that one flow fills few of the queues that any other one is dealt.
//!
//! Pure: the objects come from a snapshot, the time is an argument, nobody waits here.

mod classify;
mod dispatch;
mod level;
mod queue;
mod shuffle;
#[cfg(test)]
mod tests;

pub use classify::{Class, Flows, Latest, LevelSettings, Named, Queuing};
pub use dispatch::{Arrival, Arrived, Dispatcher, Id, Refusal, Started, Ticket};
pub use level::Figures;

use crate::limits::{SEAT_OBJECTS, SEATS_MAX};

/// How many seats a list of so many objects takes; anything else takes one.
#[must_use]
pub fn seats_of_list(objects: usize) -> u32 {
    let seats = u32::try_from(objects.div_ceil(SEAT_OBJECTS)).unwrap_or(SEATS_MAX);
    seats.clamp(1, SEATS_MAX)
}

/// More objects than this need not be counted: they take the most seats that there are.
#[must_use]
pub fn objects_worth_counting() -> usize {
    usize::try_from(SEATS_MAX).unwrap_or(usize::MAX) * SEAT_OBJECTS
}
