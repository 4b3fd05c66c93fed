//! The group `apiextensions.k8s.io`: kinds that users invent.
//!
//! What serves them is derived from the definitions by [`crate::custom`].

pub mod custom_resource_definition;

pub use custom_resource_definition::{CLEANUP, CustomResourceDefinitions};
