//! Runs reconcilers: keeps a view fresh, queues what is due, observes, decides, acts.
//!
//! The loop of [`Driver`] is the only one of its kind. It awaits nothing long: what takes time is a
//! task whose end makes its key due again. What can be decided without waiting is decided in
//! `gantry-steering`.

mod cache;
mod controllers;
mod drive;
mod executor;
mod inbox;
mod leadership;
pub mod limits;
mod record;

pub use cache::{Cache, Listener};
pub use controllers::{Ground, inbox, run_controller};
pub use drive::{Driver, Executor, Subject};
pub use executor::ApiExecutor;
pub use gantry_steering::{End, Outcome};
pub use inbox::Inbox;
pub use leadership::Leadership;
pub use record::{Decided, Record};
