//! A whole cluster in one thread and one seed.
//!
//! The real registry, store index, controllers, scheduler, node decisions, service rules and names
//! run here under simulated time, with every fault that has a name, and laws that are checked after
//! every step. Nothing in this crate opens a file, waits, or reads a clock; the same seed and the
//! same code are the same run, byte for byte.

pub mod actor;
mod actors;
mod agenda;
pub mod chance;
pub mod command;
mod core;
pub mod explain;
pub mod explore;
pub mod fact;
pub mod faults;
pub mod laws;
pub mod plant;
pub mod profile;
mod server;
pub mod shrink;
pub mod simulation;
pub mod story;
pub mod trace;
mod wording;

pub use faults::{Fault, Faults};
pub use laws::Violation;
pub use plant::{Bug, Plant};
pub use profile::Profile;
pub use simulation::{Report, Simulation};
