//! Every decoder against input that nobody meant to send.
//!
//! A target is a function from bytes to a word on what became of them. What must hold is asserted in
//! it: nothing panics, and what was read and written again reads the same. Around it, time and
//! memory are bounded. Inputs come from a committed corpus and from mutations of it, decided by a
//! seed; what leads to a word that was not heard before is mutated further.
//!
//! It runs on stable Rust: there is no coverage feedback but these words.

mod corpus;
mod mutate;
mod run;
mod sys;
mod targets;

pub use corpus::{keep, read};
pub use run::{Bounds, Finding, Hunt, once};
pub use targets::{ALL, Target};
