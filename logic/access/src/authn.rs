//! Whom a token speaks for that was not signed by this cluster: what it says is given, and the time.
//!
//! Signatures are checked, and keys fetched, elsewhere.

pub mod bootstrap;
pub mod configuration;
pub mod issuer;
pub mod listed;
mod mapping;
mod refused;
#[cfg(test)]
mod tests;

pub use configuration::AuthenticationConfiguration;
pub use issuer::Issuer;
pub use refused::Refused;
