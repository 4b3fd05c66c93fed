//! The command line, without its effects: what was asked for, one world after the other, and what
//! came of all of them.
//!
//! Reads no clock and starts no thread; `main` does both, and measures.

mod case;
mod options;
mod panics;
mod tally;

pub use case::{Case, Outcome, PANICS, SAME};
pub use options::{Complaint, Options, Task, USAGE};
pub use panics::listen;
pub use tally::Tally;
