//! Pieces that many kinds contain.

pub mod cell;
pub mod meta;
