//! Builds the parts of a server and wires them together: store, keys, gateway, controllers,
//! scheduler, and the front that listens.
//!
//! Nothing is decided here. Every part acts through the gateway in its own name, with the rights
//! that its role gives it.

mod bootstrap;
mod config;
mod control;
mod controllers;
mod engine;
mod error;
mod identity;
mod leading;
mod signing;
mod webhook_events;

pub use config::{Candidate, ControlConfig};
pub use control::{Control, Resealing};
pub use engine::reseal;
pub use error::ControlError;
pub use gantry_authn::Config as AuthnConfig;
pub use gantry_reconcile::Timing;
