//! Runs reconcilers: keeps a view fresh, queues what is due, observes, decides, acts.
//!
//! The loop of [`Driver`] is the only one of its kind. It awaits nothing long: what takes time is a
//! task whose end makes its key due again.

mod cache;
mod controllers;
mod drive;
mod events;
mod executor;
mod inbox;
pub mod limits;

pub use cache::{Cache, Listener};
pub use controllers::run_controller;
pub use drive::{Driver, End, Executor, Outcome, Subject};
pub use executor::ApiExecutor;
pub use inbox::Inbox;
