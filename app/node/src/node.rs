//! Starts the parts of a node in order, and stops them.

use std::sync::Arc;

use gantry_client::Api;
use gantry_gateway::Clock;
use gantry_images::Images;

use crate::config::NodeConfig;

/// A node that runs.
#[derive(Debug)]
pub struct Node {}

/// Why a node could not start or end.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {}

impl Node {
    /// Starts the agent; it keeps what runs on this machine already, and registers itself.
    pub async fn start(
        _config: NodeConfig,
        _images: Images,
        _api: Arc<dyn Api>,
        _clock: Arc<dyn Clock>,
    ) -> Result<Self, NodeError> {
        Ok(Self {})
    }

    /// Stops the agent. Pods go on.
    pub async fn stop(self) {}

    /// Ends all pods of a node that is not running, and removes whatever it made on the machine.
    pub async fn purge(_config: &NodeConfig, _images: Images) -> Result<(), NodeError> {
        Ok(())
    }
}
