//! The group `resource.k8s.io`: devices, and claims on them.
//!
//! Nothing in this server allocates devices yet; whoever creates a class, a claim or a template is
//! told so. Expressions that choose devices are not compiled.

pub mod claim;
pub mod device;
pub mod device_class;
pub mod names;
pub mod resource_claim;
pub mod resource_claim_template;
pub mod resource_slice;
#[cfg(test)]
mod tests;

pub use device_class::DeviceClasses;
pub use resource_claim::ResourceClaims;
pub use resource_claim_template::ResourceClaimTemplates;
pub use resource_slice::ResourceSlices;
