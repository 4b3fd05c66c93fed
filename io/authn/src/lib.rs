//! Whose credential is it: client certificates and tokens, and whether they still count.
//!
//! What a credential says and whether that holds is decided in `gantry-access` and `gantry-pki`;
//! here is who is asked, in which order, and what has to be looked up for it.

mod accounts;
mod authn;
mod config;
mod fetch;
pub mod limits;
mod provider;
mod revoked;
#[cfg(test)]
mod tests;
mod webhook;

pub use authn::{Authn, Ground};
pub use config::Config;
pub use webhook::{WebhookConfig, WebhookError};
