//! Leases.

mod lease;

pub use lease::Leases;
