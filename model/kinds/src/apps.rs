//! Workloads: deployments, replica sets, and the revisions of others.

mod controller_revision;
mod deployment;
mod replica_set;

pub use controller_revision::ControllerRevisions;
pub use deployment::Deployments;
pub use replica_set::ReplicaSets;
