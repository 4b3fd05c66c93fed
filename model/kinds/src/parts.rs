//! Pieces that many kinds contain.

pub mod affinity;
pub mod cell;
pub mod changes;
pub mod check;
pub mod conditions;
pub mod container;
pub mod container_default;
pub mod env;
pub mod label_selector;
pub mod meta;
pub mod pod_default;
pub mod pod_spec;
pub mod pod_template;
pub mod ports;
pub mod probe;
pub mod qos;
pub mod quota_resource;
pub mod reference;
pub mod replicas;
pub mod resources;
pub mod security;
pub mod tolerations;
pub mod volume_default;
pub mod volume_mounts;
pub mod volumes;
