//! Who is it, may this caller do that, and which rule says so.
//!
//! Pure: the rules come from a snapshot, the question is a value, the answer carries its reason.

pub mod attributes;
pub mod audit;
pub mod authn;
pub mod authority;
pub mod authorizer;
pub mod escalation;
pub mod flow;
pub mod hardening;
pub mod limits;
pub mod node;
pub mod rbac;
pub mod revocation;
pub mod rules;
pub mod secret;
#[cfg(test)]
mod tests;

pub use attributes::Attributes;
pub use authority::Authority;
pub use authorizer::{Access, Decision};
