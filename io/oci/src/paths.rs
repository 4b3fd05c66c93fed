//! Where a pod's records and files lie. Agent and shim agree on this and on nothing else on disk.

use std::path::{Path, PathBuf};

use gantry_kubelet::sandbox::SandboxConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plan::PodFiles;
use crate::protocol::SOCKET;

/// What a shim needs to know before it can be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SandboxRecord {
    /// What the sandbox was started with.
    pub config: SandboxConfig,
    /// When.
    pub created_at: Timestamp,
    /// The top of the cluster's cgroups, below the mounts.
    pub cgroup_root: String,
}

/// The directory of one pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodPaths {
    directory: PathBuf,
}

impl PodPaths {
    /// The pod whose directory this is.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The [`SandboxRecord`].
    pub fn record(&self) -> PathBuf {
        self.directory.join("sandbox.json")
    }

    /// The shim's socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.join(SOCKET)
    }

    /// What the shim has to say when it cannot say it over its socket.
    pub fn shim_log(&self) -> PathBuf {
        self.directory.join("shim.log")
    }

    /// Directories of containers by their local names.
    pub fn containers(&self) -> PathBuf {
        self.directory.join("containers")
    }

    /// One container's directory.
    pub fn container(&self, local: &str) -> ContainerPaths {
        ContainerPaths {
            directory: self.containers().join(local),
        }
    }

    pub(crate) fn shm(&self) -> PathBuf {
        self.directory.join("shm")
    }

    pub(crate) fn hosts(&self) -> PathBuf {
        self.directory.join("hosts")
    }

    pub(crate) fn hostname(&self) -> PathBuf {
        self.directory.join("hostname")
    }

    pub(crate) fn resolv_conf(&self) -> PathBuf {
        self.directory.join("resolv.conf")
    }

    pub(crate) fn files(&self, config: &SandboxConfig, container: &ContainerPaths) -> PodFiles {
        PodFiles {
            hosts: self.hosts(),
            hostname: self.hostname(),
            resolv_conf: self.resolv_conf(),
            shm: if config.host_ipc {
                "/dev/shm".into()
            } else {
                self.shm()
            },
            termination: container.termination(),
            scratch: container.directory.clone(),
        }
    }
}

/// The directory of one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPaths {
    directory: PathBuf,
}

impl ContainerPaths {
    /// The directory itself, which also holds the writable layer.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn spec(&self) -> PathBuf {
        self.directory.join("config.json")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.directory.join("state.json")
    }

    pub(crate) fn exit(&self) -> PathBuf {
        self.directory.join("exit.json")
    }

    pub(crate) fn termination(&self) -> PathBuf {
        self.directory.join("termination-log")
    }
}
