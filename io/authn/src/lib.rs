//! Whose credential is it: client certificates and tokens, and whether they still count.
//!
//! What a credential says and whether that holds is decided in `gantry-access` and `gantry-pki`;
//! here is who is asked, in which order, and what has to be looked up for it.

mod accounts;
mod authn;
mod revoked;
#[cfg(test)]
mod tests;

pub use authn::{Authn, Ground};
