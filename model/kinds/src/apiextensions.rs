//! The group `apiextensions.k8s.io`: kinds that users invent.
//!
//! Nothing in this server serves such kinds yet: no definition is ever established, and every write
//! of one says so to its writer.

pub mod custom_resource_definition;

pub use custom_resource_definition::CustomResourceDefinitions;
