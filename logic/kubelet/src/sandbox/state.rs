//! What was seen of sandboxes and containers.
//!
//! Observed facts only; what follows from them is decided elsewhere.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ContainerConfig, ContainerId, SandboxConfig, SandboxId};

/// A sandbox that exists on this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// Its name.
    pub id: SandboxId,
    /// What it was started with.
    pub config: SandboxConfig,
    /// Whether containers can run in it.
    pub state: SandboxState,
    /// When it was started.
    pub created_at: Timestamp,
    /// The file that stands for its network; none with the host's network, or when it is gone.
    pub netns: Option<PathBuf>,
    /// Its containers, the finished ones included, ordered by name and attempt.
    pub containers: Vec<Container>,
}

impl Sandbox {
    /// The container of that name with the highest attempt.
    pub fn latest(&self, name: &str) -> Option<&Container> {
        let named = self.containers.iter().filter(|c| c.id.name == name);
        named.max_by_key(|c| c.id.attempt)
    }
}

/// Whether a sandbox is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SandboxState {
    /// Containers can be started in it.
    Ready,
    /// Stopped, or its shim is gone; it can only be removed.
    NotReady,
}

/// A container that exists on this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its name.
    pub id: ContainerId,
    /// What it was made with.
    pub config: ContainerConfig,
    /// When it was made.
    pub created_at: Timestamp,
    /// How far it has come.
    pub state: ContainerState,
}

/// How far a container has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerState {
    /// Made and never started.
    Created,
    /// Its first process runs.
    Running {
        /// When that process started.
        started_at: Timestamp,
        /// That process, as the node numbers it.
        pid: u32,
    },
    /// Its first process has ended.
    Exited(Exit),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The exit code; 128 and the signal's number when a signal ended it.
    pub code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether the kernel killed something in it for want of memory.
    pub oom_killed: bool,
    /// When it had started; none when it never ran.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Timestamp,
    /// Its last words, or why it could not run.
    pub message: String,
    /// Set when the runtime, not the program, is why it ended.
    #[serde(default)]
    pub reason: Option<ExitReason>,
}

/// Why a container ended, when its program is not the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitReason {
    /// The program could not be run at all.
    StartError,
    /// The shim that watched it was killed, or the machine restarted.
    ShimGone,
}

/// What a container uses at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time since its start, in nanoseconds.
    pub cpu_ns: u64,
    /// Bytes of memory, caches included.
    pub memory_bytes: u64,
    /// Bytes that cannot be reclaimed easily, which decide about eviction.
    pub working_set_bytes: u64,
    /// Processes and threads.
    pub pids: u64,
}
