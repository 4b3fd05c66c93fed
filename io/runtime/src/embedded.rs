//! The runtime that is part of this program: a shim per pod, and this side of their sockets.
//!
//! Keeps nothing that matters: what exists is what the pods' directories and shims say. Its own
//! end stops no container.

mod calls;
mod pods;
mod sessions;
mod watch;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gantry_kubelet::sandbox::SandboxId;
use gantry_oci::paths::PodPaths;
use tokio::task::JoinSet;

use crate::changes::Changes;
use crate::error::RuntimeError;
use crate::rootfs::RootfsSource;

/// Where an embedded runtime keeps things, and what it calls its own.
#[derive(Clone, Debug)]
pub struct EmbeddedConfig {
    /// Holds a directory per pod.
    pub state_dir: PathBuf,
    /// The top of its cgroups, below the mounts; no two clusters of a machine may share it.
    pub cgroup_root: String,
    /// The program that becomes a shim.
    pub shim_program: PathBuf,
    /// What to tell it before the pod's directory, such as `shim`.
    pub shim_args: Vec<OsString>,
}

/// Runs containers by shims of its own.
#[derive(Clone, Debug)]
pub struct Embedded {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: EmbeddedConfig,
    images: Arc<dyn RootfsSource>,
    changes: Changes,
    /// Pods whose shim is about to listen. Held for one insertion, removal or look only.
    starting: Mutex<BTreeSet<SandboxId>>,
    /// What listens to shims, and passes on sizes of terminals. Held to add one only; all of it
    /// ends with the runtime.
    tasks: Mutex<JoinSet<()>>,
}

/// Marks directories that are being removed.
const REMOVED: &str = ".removed-";

impl Embedded {
    /// Opens the state directory, and begins to listen to the shims that are there.
    pub async fn open(
        config: EmbeddedConfig,
        images: Arc<dyn RootfsSource>,
    ) -> Result<Self, RuntimeError> {
        let pods = config.state_dir.join("pods");
        fs::create_dir_all(&pods)
            .and_then(|()| private(&pods))
            .map_err(|source| RuntimeError::Io {
                what: "make",
                path: pods,
                source,
            })?;
        let runtime = Self {
            inner: Arc::new(Inner {
                config,
                images,
                changes: Changes::default(),
                starting: Mutex::default(),
                tasks: Mutex::default(),
            }),
        };
        runtime.inner.sweep();
        for id in runtime.inner.ids()? {
            runtime.inner.watch(id);
        }
        Ok(runtime)
    }
}

/// Volumes' contents and commands' arguments are nobody else's business.
fn private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
}

impl Inner {
    fn pods(&self) -> PathBuf {
        self.config.state_dir.join("pods")
    }

    fn paths(&self, id: &SandboxId) -> PodPaths {
        PodPaths::new(self.pods().join(&id.0))
    }

    /// The pods that have a directory, except those whose shim does not listen yet.
    fn ids(&self) -> Result<Vec<SandboxId>, RuntimeError> {
        let pods = self.pods();
        let failed = |source| RuntimeError::Io {
            what: "list",
            path: pods.clone(),
            source,
        };
        let mut ids = Vec::new();
        for entry in fs::read_dir(&pods).map_err(failed)? {
            let Ok(name) = entry.map_err(failed)?.file_name().into_string() else {
                continue;
            };
            let id = SandboxId(name);
            if !id.0.starts_with('.') && !self.is_starting(&id) {
                ids.push(id);
            }
        }
        ids.sort();
        Ok(ids)
    }

    fn is_starting(&self, id: &SandboxId) -> bool {
        self.starting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(id)
    }

    /// Finishes removals that were interrupted, and forgets pods that never got a record.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.pods()) else {
            return;
        };
        for entry in entries.flatten() {
            let id = SandboxId(entry.file_name().to_string_lossy().into_owned());
            let has_record = PodPaths::new(entry.path()).record().exists();
            if id.0.starts_with(REMOVED) || !(has_record || self.is_starting(&id)) {
                let removed = fs::remove_dir_all(entry.path());
                gantry_base::ignore(removed, "the next start tries again");
            }
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}
