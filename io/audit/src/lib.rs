//! Writes down what was asked of the API server: to a file that is rotated, and to a webhook.
//!
//! What is written of which request is decided elsewhere. Events wait in bounded memory for those
//! who write; a request waits a moment for room at most. An event for which there is no room is
//! lost, and counted: see [`Counts`]. A full disk loses events in the same way, once memory is full;
//! when there is room again, writing goes on where it stopped.

mod audit;
mod backlog;
mod error;
mod file;
pub mod limits;
mod log;
mod webhook;

pub use audit::{Audit, AuditConfig};
pub use backlog::Counts;
pub use error::AuditError;
pub use log::LogConfig;
pub use webhook::WebhookConfig;
