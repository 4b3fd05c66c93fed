//! What a sandbox and its containers are asked to be.
//!
//! Everything is resolved to what the kernel needs, except what only the image knows: its root
//! file system, its default command and environment, and the meaning of its user names. Those the
//! runtime fills in. No Kubernetes object appears here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ContainerId, PodRef, SandboxId};

/// What a pod's containers have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxConfig {
    /// The pod that this is the sandbox of.
    pub pod: PodRef,
    /// The host name that the containers see; unused with the host's network.
    pub hostname: String,
    /// The content of `/etc/resolv.conf`.
    pub resolv_conf: String,
    /// The content of `/etc/hosts`.
    pub hosts: String,
    /// Use the node's network and host name.
    #[serde(default)]
    pub host_network: bool,
    /// Use the node's process ids.
    #[serde(default)]
    pub host_pid: bool,
    /// Use the node's System V IPC and POSIX message queues.
    #[serde(default)]
    pub host_ipc: bool,
    /// All containers see each other's processes.
    #[serde(default)]
    pub share_process_namespace: bool,
    /// Kernel settings of the sandbox's own namespaces, by dotted name.
    #[serde(default)]
    pub sysctls: BTreeMap<String, String>,
    /// Limits for all containers together.
    #[serde(default)]
    pub resources: Resources,
    /// The pod's labels when it was started.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Whatever the caller wants to find again after a restart.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

impl SandboxConfig {
    /// The name of the sandbox that this makes.
    pub fn id(&self) -> SandboxId {
        SandboxId(self.pod.uid.clone())
    }
}

/// One container as it shall be run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerConfig {
    /// The container's name within the pod.
    pub name: String,
    /// 0 for the first run, one more for every restart.
    pub attempt: u32,
    /// The image as the user wrote it.
    pub image: String,
    /// The exact image that the node holds; its root file system and defaults come from there.
    pub image_id: String,
    /// Replaces the image's entry point when not empty.
    pub command: Vec<String>,
    /// Replaces the image's arguments when not empty, or whenever `command` is given.
    pub args: Vec<String>,
    /// Variables in order; they win over the image's.
    pub env: Vec<(String, String)>,
    /// The working directory; the image's when absent.
    pub working_dir: Option<String>,
    /// Who runs it; what is absent comes from the image.
    pub run_as: RunAs,
    /// Refuse to start when the user turns out to be root.
    pub run_as_non_root: bool,
    /// What is mounted, in order.
    pub mounts: Vec<Mount>,
    /// Changes to the default set of capabilities.
    pub capabilities: Capabilities,
    /// Everything the node's root may do.
    pub privileged: bool,
    /// Set-user-id programs give no rights.
    pub no_new_privs: bool,
    /// The root file system cannot be written.
    pub readonly_rootfs: bool,
    /// Which system calls are allowed.
    pub seccomp: Seccomp,
    /// Do not hide the sensitive parts of `/proc` and `/sys`.
    pub unmasked_proc: bool,
    /// Runs on a terminal.
    pub tty: bool,
    /// Standard input stays open for those who attach.
    pub stdin: bool,
    /// Standard input closes when the first who attached leaves.
    pub stdin_once: bool,
    /// The limits of this container.
    pub resources: Resources,
    /// How readily the kernel kills it when memory runs out, from -1000 to 1000.
    pub oom_score_adj: i32,
    /// Where the container may leave its last words; empty for nowhere.
    pub termination_message_path: String,
    /// The file that its output goes to, in the CRI log format.
    pub log_path: PathBuf,
    /// Asks the container to end; the image's signal, or TERM, when absent.
    pub stop_signal: Option<String>,
    /// Whatever the caller wants to find again after a restart.
    pub annotations: BTreeMap<String, String>,
}

impl ContainerConfig {
    /// The name that this container has within a sandbox.
    pub fn id(&self, sandbox: SandboxId) -> ContainerId {
        ContainerId {
            sandbox,
            name: self.name.clone(),
            attempt: self.attempt,
        }
    }
}

/// The identity of a container's first process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAs {
    /// The user's number; without it the image's user, or root.
    pub uid: Option<u32>,
    /// The primary group's number; without it the user's group in the image, or root.
    pub gid: Option<u32>,
    /// Further groups, besides those that the image names for the user.
    pub groups: Vec<u32>,
}

/// One thing mounted into a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// The absolute path inside the container.
    pub destination: String,
    /// The container cannot write there.
    #[serde(default)]
    pub readonly: bool,
    /// Neither can it write to mounts below.
    #[serde(default)]
    pub recursive_readonly: bool,
    /// Whether later mounts below are seen across.
    #[serde(default)]
    pub propagation: Propagation,
}

/// Where a mount's content comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MountSource {
    /// A file or directory of the node, which must exist.
    Host(PathBuf),
    /// Memory, empty at first; the size is in bytes.
    Tmpfs(Option<u64>),
}

/// Whether mounts made later on one side appear on the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Propagation {
    /// Neither way.
    #[default]
    Private,
    /// From the node into the container.
    HostToContainer,
    /// Both ways.
    Bidirectional,
}

/// Capabilities added to and dropped from the default set, such as `NET_ADMIN` or `ALL`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Granted besides the default ones.
    pub add: BTreeSet<String>,
    /// Taken away; a name that is also added is taken away. `ALL` here still leaves those added.
    pub drop: BTreeSet<String>,
}

/// Which system calls a container may make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seccomp {
    /// The runtime's own list.
    #[default]
    Default,
    /// All of them.
    Unconfined,
    /// As a profile on the node says.
    Localhost(PathBuf),
}

/// Limits in the kernel's terms; what is absent is unlimited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// Relative weight when the processors are contended: 1024 for a whole one.
    pub cpu_shares: Option<u64>,
    /// Microseconds of processor time per period.
    pub cpu_quota_us: Option<u64>,
    /// The length of that period; 100 ms when absent.
    pub cpu_period_us: Option<u64>,
    /// Bytes of memory, beyond which something in it is killed.
    pub memory_bytes: Option<u64>,
    /// How many processes and threads may exist.
    pub pids: Option<u64>,
}
