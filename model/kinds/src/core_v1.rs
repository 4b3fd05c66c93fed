//! The core group: pods, services, nodes and what they need.

mod binding;
mod component_status;
mod config_map;
pub(crate) mod endpoints;
mod event;
mod limit_range;
mod namespace;
mod node;
mod persistent_volume;
mod persistent_volume_claim;
mod pod;
mod pod_template;
mod replication_controller;
mod resource_quota;
mod secret;
mod service;
mod service_account;

pub use binding::Bindings;
pub use component_status::ComponentStatuses;
pub use config_map::ConfigMaps;
pub use endpoints::EndpointsKind;
pub use event::{Events, GroupedEvents};
pub use limit_range::LimitRanges;
pub use namespace::Namespaces;
pub use node::Nodes;
pub use persistent_volume::PersistentVolumes;
pub use persistent_volume_claim::PersistentVolumeClaims;
pub use pod::Pods;
pub use pod_template::PodTemplates;
pub use replication_controller::ReplicationControllers;
pub use resource_quota::ResourceQuotas;
pub use secret::Secrets;
pub use service::Services;
pub use service_account::ServiceAccounts;
