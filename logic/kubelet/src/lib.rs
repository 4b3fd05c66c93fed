//! What a node should do next: for each pod, for its images, for itself.
//!
//! Everything here is a pure function of what was asked for and what was seen. The runtime, the
//! network, the volumes and the API are somewhere else.

pub mod container;
pub mod node_status;
pub mod pace;
pub mod pod;
pub mod pod_status;
pub mod probes;
pub mod references;
pub mod resources;
pub mod sandbox;
pub mod sandbox_config;
pub mod support;
pub mod volume_content;
