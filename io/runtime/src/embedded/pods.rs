//! Sandboxes: made, looked at, ended, and all of them at once.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use gantry_base::ignore;
use gantry_kubelet::sandbox::{ContainerState, Sandbox, SandboxConfig, SandboxId, SandboxState};
use gantry_oci::cgroups::{Cgroup, Hierarchies};
use gantry_oci::orphans::{self, OrphanError};
use gantry_oci::paths::{PodPaths, SandboxRecord};
use gantry_oci::protocol::{Reply, Request, SOCKET};
use gantry_oci::records::{self, Durability, RecordError};
use jiff::Timestamp;
use tokio::process::Command;

use super::{Embedded, Inner, REMOVED};
use crate::client::{Conversation, Unheard, open_directory};
use crate::error::RuntimeError;
use crate::runtime::Runtime;

impl Inner {
    pub(super) async fn list(&self) -> Result<Vec<Sandbox>, RuntimeError> {
        let found = join_all(self.ids()?.into_iter().map(|id| self.inspect(id))).await;
        found.into_iter().filter_map(Result::transpose).collect()
    }

    pub(super) async fn inspect(&self, id: SandboxId) -> Result<Option<Sandbox>, RuntimeError> {
        // Without a shim yet, it would look like one that has lost its shim.
        if self.is_starting(&id) {
            Ok(None)
        } else {
            self.look(&id).await
        }
    }

    async fn look(&self, id: &SandboxId) -> Result<Option<Sandbox>, RuntimeError> {
        let paths = self.paths(id);
        match Conversation::ask(&paths, &Request::Inspect).await {
            Ok(reply) => observed(id, reply).map(Some),
            Err(Unheard::Gone) => match read_orphan(paths).await {
                Err(RuntimeError::Record(e @ RecordError::Damaged { .. })) => {
                    self.forget(id, &e).await
                }
                read => read,
            },
            Err(Unheard::Io(source)) => Err(unreachable(&paths, source)),
        }
    }

    /// Only a loss of power leaves half a record, and nothing runs after that.
    async fn forget(
        &self,
        id: &SandboxId,
        because: &RecordError,
    ) -> Result<Option<Sandbox>, RuntimeError> {
        tracing::warn!(sandbox = %id, error = gantry_base::chain(because), "forgot a sandbox");
        let (paths, removed) = (self.paths(id), self.pods().join(format!("{REMOVED}{id}")));
        blocking(move || remove_directory(&paths, &removed)).await?;
        Ok(None)
    }

    pub(super) async fn run_sandbox(&self, config: SandboxConfig) -> Result<Sandbox, RuntimeError> {
        let id = config.id();
        let mark = Starting::new(self, &id).ok_or_else(|| RuntimeError::Starting(id.clone()))?;
        let made = match self.look(&id).await? {
            Some(existing) if existing.state == SandboxState::Ready => return Ok(existing),
            Some(_) => {
                self.remove_sandbox(id.clone()).await?;
                self.make_sandbox(config).await
            }
            None => self.make_sandbox(config).await,
        };
        match &made {
            Ok(_) => self.watch(id),
            Err(_) => ignore(
                self.remove_sandbox(id).await,
                "why it was not made matters more",
            ),
        }
        drop(mark);
        made
    }

    async fn make_sandbox(&self, config: SandboxConfig) -> Result<Sandbox, RuntimeError> {
        let id = config.id();
        let paths = self.paths(&id);
        let cgroup_root = self.config.cgroup_root.clone();
        let record = SandboxRecord {
            config,
            created_at: Timestamp::now(),
            cgroup_root,
        };
        fs::create_dir_all(paths.containers()).map_err(|e| io_error("make", &paths, e))?;
        records::write(&paths.record(), &record, Durability::Processes)?;
        let listener = listen(&paths).map_err(|e| io_error("listen in", &paths, e))?;
        self.spawn_shim(&paths, listener)
            .map_err(|e| io_error("start the shim of", &paths, e))?;
        match Conversation::ask(&paths, &Request::Inspect).await {
            Ok(reply) => observed(&id, reply),
            Err(Unheard::Gone) => {
                let reason = fs::read_to_string(paths.shim_log()).unwrap_or_default();
                Err(RuntimeError::SetUp {
                    sandbox: id,
                    reason,
                })
            }
            Err(Unheard::Io(source)) => Err(unreachable(&paths, source)),
        }
    }

    /// The socket listens before the shim runs, so it can be talked to at once. Dropping the child
    /// leaves it running; its exit status is collected in the background.
    fn spawn_shim(&self, paths: &PodPaths, listener: UnixListener) -> io::Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(paths.shim_log())?;
        let child = Command::new(&self.config.shim_program)
            .args(&self.config.shim_args)
            .arg(paths.directory())
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::null())
            .stderr(log)
            .env_clear()
            .spawn()?;
        drop(child);
        Ok(())
    }

    pub(super) async fn stop_sandbox(&self, id: SandboxId) -> Result<(), RuntimeError> {
        let paths = self.paths(&id);
        match Conversation::ask(&paths, &Request::StopSandbox).await {
            Ok(_) => Ok(()),
            Err(Unheard::Gone) => read_orphan(paths).await.map(drop),
            Err(Unheard::Io(source)) => Err(unreachable(&paths, source)),
        }
    }

    pub(super) async fn remove_sandbox(&self, id: SandboxId) -> Result<(), RuntimeError> {
        let paths = self.paths(&id);
        match Conversation::ask(&paths, &Request::Shutdown).await {
            Ok(_) | Err(Unheard::Gone) => {}
            Err(Unheard::Io(source)) => return Err(unreachable(&paths, source)),
        }
        let pods = self.pods();
        let removed = pods.join(format!("{REMOVED}{id}"));
        blocking(move || {
            orphans::end(&paths)?;
            remove_directory(&paths, &removed)
        })
        .await?;
        self.changes.mark(id);
        Ok(())
    }
}

impl Embedded {
    /// Ends every pod of this state directory, and all that the runtime made, politely at first.
    pub async fn purge(&self, grace: Duration) -> Result<(), RuntimeError> {
        let sandboxes = self.list().await?;
        let stopped = sandboxes
            .iter()
            .flat_map(|sandbox| &sandbox.containers)
            .filter(|container| matches!(container.state, ContainerState::Running { .. }));
        for stopped in join_all(stopped.map(|c| self.stop(c.id.clone(), grace))).await {
            ignore(stopped, "removing the sandbox ends it in any case");
        }
        let removed = sandboxes
            .iter()
            .map(|sandbox| self.remove_sandbox(sandbox.id.clone()));
        join_all(removed)
            .await
            .into_iter()
            .collect::<Result<(), _>>()?;
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            inner.sweep();
            let hierarchies = Hierarchies::discover().map_err(OrphanError::Hierarchies)?;
            let root = Cgroup::new(hierarchies, &inner.config.cgroup_root);
            Ok(root.end().map_err(OrphanError::Cgroup)?)
        })
        .await
    }
}

/// While it lives, a pod that has no shim yet is not taken for one that has lost it.
struct Starting<'a> {
    inner: &'a Inner,
    id: SandboxId,
}

impl<'a> Starting<'a> {
    /// None when another call is at it.
    fn new(inner: &'a Inner, id: &SandboxId) -> Option<Self> {
        let mut starting = inner
            .starting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        starting.insert(id.clone()).then(|| Self {
            inner,
            id: id.clone(),
        })
    }
}

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        let mut starting = self
            .inner
            .starting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        starting.remove(&self.id);
    }
}

fn observed(id: &SandboxId, reply: Reply) -> Result<Sandbox, RuntimeError> {
    if let Reply::Failed(refusal) = reply {
        return Err(RuntimeError::Refused(refusal));
    }
    let Reply::Sandbox(sandbox) = reply else {
        return Err(RuntimeError::ShimGone(id.clone()));
    };
    Ok(*sandbox)
}

/// Ends what a lost shim left, and tells what its records say.
async fn read_orphan(paths: PodPaths) -> Result<Option<Sandbox>, RuntimeError> {
    blocking(move || {
        orphans::end(&paths)?;
        Ok(orphans::read(&paths)?)
    })
    .await
}

/// Renamed first, so that half of it is never taken for the whole.
fn remove_directory(paths: &PodPaths, removed: &Path) -> Result<(), RuntimeError> {
    ignore(
        fs::remove_dir_all(removed),
        "an earlier removal may have been cut short, or not",
    );
    match fs::rename(paths.directory(), removed).and_then(|()| fs::remove_dir_all(removed)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error("remove", paths, e)),
        _ => Ok(()),
    }
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, RuntimeError> + Send + 'static,
) -> Result<T, RuntimeError> {
    match tokio::task::spawn_blocking(act).await {
        Ok(outcome) => outcome,
        Err(e) => std::panic::resume_unwind(e.into_panic()),
    }
}

fn listen(paths: &PodPaths) -> io::Result<UnixListener> {
    let directory = open_directory(paths)?;
    UnixListener::bind(format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd()))
}

fn io_error(what: &'static str, paths: &PodPaths, source: io::Error) -> RuntimeError {
    RuntimeError::Io {
        what,
        path: paths.directory().to_owned(),
        source,
    }
}

pub(super) fn unreachable(paths: &PodPaths, source: io::Error) -> RuntimeError {
    io_error("talk to the shim of", paths, source)
}
