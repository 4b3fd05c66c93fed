//! What a node should do next: for each pod, for its images, for itself.
//!
//! Everything here follows from what was asked for and what was seen. [`agent`] keeps what was seen;
//! the rest are pure functions. The runtime, the network, the volumes and the API are somewhere
//! else.

pub mod agent;
pub mod container;
pub mod hollow;
pub mod images;
pub mod node_status;
pub mod pace;
pub mod pod;
pub mod pod_status;
pub mod probes;
pub mod references;
pub mod registration;
pub mod resources;
pub mod rules;
pub mod sandbox;
pub mod sandbox_config;
pub mod support;
pub mod volume_content;
