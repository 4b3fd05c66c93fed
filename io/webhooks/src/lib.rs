//! Asks those outside whom a request depends on: one HTTPS request, one answer.
//!
//! Nothing is followed, nothing is repeated, and nothing that an answer says is understood here.
//! Whoever keeps failing is not asked for a while, so that requests do not wait for them in vain.

mod breaker;
mod call;
mod client;
mod error;
pub mod limits;
mod tls;

pub use client::{Notice, WebhookClient};
