//! What a node runs, as plain data: sandboxes, containers, what was asked for and what was seen.
//!
//! The kubelet's deciding half and the runtime share this vocabulary; neither knows the other.
//! Nothing here opens, waits or decides. All of it can be written to disk: a record on disk
//! carries [`RECORD_VERSION`] beside it, so fields are only ever added, with a default.

mod config;
mod state;

pub use config::{
    Capabilities, ContainerConfig, Mount, MountSource, Propagation, Resources, RunAs,
    SandboxConfig, Seccomp,
};
pub use state::{Container, ContainerState, Exit, ExitReason, Sandbox, SandboxState, Usage};

use std::fmt;

use serde::{Deserialize, Serialize};

/// The version of every record made of these types.
///
/// An older record is read (missing fields take their defaults); a newer one is refused.
pub const RECORD_VERSION: u32 = 1;

/// Which pod something belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PodRef {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The pod's uid, which tells it from an earlier pod of the same name.
    pub uid: String,
}

impl fmt::Display for PodRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Names a sandbox: the uid of its pod, so that asking twice never makes two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SandboxId(pub String);

impl fmt::Display for SandboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a container: its sandbox, its name, and which attempt at running it this is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContainerId {
    /// The sandbox that it runs in.
    pub sandbox: SandboxId,
    /// The container's name within the pod.
    pub name: String,
    /// 0 for the first run, one more for every restart.
    pub attempt: u32,
}

impl ContainerId {
    /// What tells this container from the others of its pod, usable as a file name.
    pub fn local(&self) -> String {
        format!("{}-{}", self.name, self.attempt)
    }
}

impl fmt::Display for ContainerId {
    /// The form that clients see after `gantry://` in a container's status.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}-{}", self.sandbox, self.name, self.attempt)
    }
}
