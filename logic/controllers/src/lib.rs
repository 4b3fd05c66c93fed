//! The controllers, one file each: what each watches, how it observes a world, how it decides.
//!
//! A controller holds no client, no queue, no retry, no timer and no task. The driver runs them.

pub mod api_registration;
mod backends;
mod census;
pub mod certificates;
pub mod claim_protection;
mod claims;
pub mod cluster_role_aggregation;
pub mod custom_definition;
pub mod deployment;
pub mod disruption;
pub mod endpoint_slice;
pub mod endpoints;
pub mod event_expiry;
pub mod flow_schema;
pub mod garbage;
mod held;
pub mod limits;
mod list;
pub mod namespace;
pub mod node_life;
pub mod pod_cleanup;
pub mod policy_status;
pub mod replica_set;
pub mod replicas;
pub mod replication_controller;
pub mod resource_quota;
pub mod root_ca;
pub mod service_account;
pub mod service_cidr;
#[cfg(test)]
mod testing;
pub mod volume_protection;

pub use api_registration::APIRegistrations;
pub use certificates::approval::CertificateApproval;
pub use certificates::cleaning::CertificateCleaning;
pub use certificates::issuing::CertificateIssuing;
pub use claim_protection::ClaimProtection;
pub use cluster_role_aggregation::ClusterRoleAggregation;
pub use custom_definition::CustomDefinitions;
pub use deployment::Deployments;
pub use disruption::Disruption;
pub use endpoint_slice::EndpointSlices;
pub use endpoints::EndpointsObjects;
pub use event_expiry::EventExpiry;
pub use flow_schema::FlowSchemas;
pub use garbage::Garbage;
pub use list::{Visitor, all, caller};
pub use namespace::Namespaces;
pub use node_life::NodeLife;
pub use pod_cleanup::PodCleanup;
pub use policy_status::PolicyStatus;
pub use replica_set::ReplicaSets;
pub use replication_controller::ReplicationControllers;
pub use resource_quota::ResourceQuotas;
pub use root_ca::RootCa;
pub use service_account::ServiceAccounts;
pub use service_cidr::ServiceCidrs;
pub use volume_protection::VolumeProtection;
