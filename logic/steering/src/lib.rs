//! The pure half of the driver: everything that running reconcilers takes, but for the waiting.
//!
//! A [`Feed`] keeps a view fresh, [`Turns`] says which key is looked at next, [`Writing`] carries a
//! plan out in rounds of requests. None of them sends, sleeps or logs; whoever holds them does, be
//! it the driver or a simulation.

pub mod feed;
pub mod limits;
pub mod outcome;
pub mod requests;
pub mod turns;
pub mod writing;

pub use feed::{Change, Feed, FeedError};
pub use outcome::{End, Outcome, Written};
pub use turns::Turns;
pub use writing::{Unrecorded, Writing};
