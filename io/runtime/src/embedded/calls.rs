//! The trait's calls, each handed to the part that carries it out.

use std::path::PathBuf;
use std::time::Duration;

use gantry_kubelet::sandbox::{
    ContainerConfig, ContainerId, ContainerState, Exit, Sandbox, SandboxConfig, SandboxId, Usage,
};
use gantry_oci::ContainerSpec;
use gantry_oci::limits::LOG_FILES;
use gantry_oci::protocol::{Reply as ShimReply, Request};

use super::pods::unreachable;
use super::{Embedded, Inner};
use crate::changes::Changes;
use crate::client::{Conversation, Unheard};
use crate::error::RuntimeError;
use crate::runtime::{Attach, Duplex, Exec, Reply, Runtime};
use crate::streams::Streams;

impl Runtime for Embedded {
    fn list(&self) -> Reply<'_, Vec<Sandbox>> {
        Box::pin(self.inner.list())
    }

    fn inspect(&self, id: SandboxId) -> Reply<'_, Option<Sandbox>> {
        Box::pin(self.inner.inspect(id))
    }

    fn run_sandbox(&self, config: SandboxConfig) -> Reply<'_, Sandbox> {
        Box::pin(self.inner.run_sandbox(config))
    }

    fn stop_sandbox(&self, id: SandboxId) -> Reply<'_, ()> {
        Box::pin(self.inner.stop_sandbox(id))
    }

    fn remove_sandbox(&self, id: SandboxId) -> Reply<'_, ()> {
        Box::pin(self.inner.remove_sandbox(id))
    }

    fn create(&self, within: SandboxId, config: ContainerConfig) -> Reply<'_, ContainerId> {
        Box::pin(self.inner.create(within, config))
    }

    fn start(&self, id: ContainerId) -> Reply<'_, ()> {
        Box::pin(async move {
            self.inner
                .ask(&id, Request::Start(id.local()))
                .await
                .map(drop)
        })
    }

    fn stop(&self, id: ContainerId, grace: Duration) -> Reply<'_, Exit> {
        Box::pin(self.inner.stop(id, grace))
    }

    fn remove(&self, id: ContainerId) -> Reply<'_, ()> {
        Box::pin(self.inner.remove(id))
    }

    fn exec(&self, id: ContainerId, request: Exec) -> Reply<'_, Streams> {
        Box::pin(self.inner.exec(id, request))
    }

    fn attach(&self, id: ContainerId, request: Attach) -> Reply<'_, Streams> {
        Box::pin(self.inner.attach(id, request))
    }

    fn port_forward(&self, id: SandboxId, port: u16) -> Reply<'_, Box<dyn Duplex>> {
        Box::pin(self.inner.port_forward(id, port))
    }

    fn usage(&self, id: ContainerId) -> Reply<'_, Usage> {
        Box::pin(async move {
            let reply = self.inner.ask(&id, Request::Usage(id.local())).await?;
            let ShimReply::Usage(usage) = reply else {
                return Err(RuntimeError::ShimGone(id.sandbox));
            };
            Ok(usage)
        })
    }

    fn logs(&self, id: ContainerId) -> Reply<'_, Vec<PathBuf>> {
        Box::pin(self.inner.logs(id))
    }

    fn events(&self) -> Changes {
        self.inner.changes.clone()
    }
}

impl Inner {
    /// Asks a shim about one of its containers.
    async fn ask(&self, id: &ContainerId, request: Request) -> Result<ShimReply, RuntimeError> {
        let paths = self.paths(&id.sandbox);
        match Conversation::ask(&paths, &request).await {
            Ok(ShimReply::Failed(refusal)) => Err(RuntimeError::refused(refusal, id)),
            Ok(reply) => Ok(reply),
            Err(Unheard::Gone) if !paths.record().exists() => {
                Err(RuntimeError::NoSuchSandbox(id.sandbox.clone()))
            }
            Err(Unheard::Gone) => Err(RuntimeError::ShimGone(id.sandbox.clone())),
            Err(Unheard::Io(source)) => Err(unreachable(&paths, source)),
        }
    }

    async fn create(
        &self,
        within: SandboxId,
        config: ContainerConfig,
    ) -> Result<ContainerId, RuntimeError> {
        let id = config.id(within);
        let image = self
            .images
            .rootfs(&config.image_id)
            .map_err(|source| RuntimeError::Image {
                image: config.image.clone(),
                source,
            })?;
        let name = config.name.clone();
        let spec = ContainerSpec::new(config, &image.config, image.lower_dirs)
            .map_err(|source| RuntimeError::Spec { name, source })?;
        self.ask(&id, Request::Create(Box::new(spec))).await?;
        Ok(id)
    }

    async fn stop(&self, id: ContainerId, grace: Duration) -> Result<Exit, RuntimeError> {
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let request = Request::Stop {
            container: id.local(),
            grace_ms,
        };
        match self.ask(&id, request).await {
            Ok(ShimReply::Exited(exit)) => Ok(exit),
            Ok(_) | Err(RuntimeError::ShimGone(_)) => self.recorded_exit(id).await,
            Err(e) => Err(e),
        }
    }

    async fn recorded_exit(&self, id: ContainerId) -> Result<Exit, RuntimeError> {
        match self.container_state(&id).await? {
            ContainerState::Exited(exit) => Ok(exit),
            ContainerState::Created | ContainerState::Running { .. } => {
                Err(RuntimeError::ShimGone(id.sandbox))
            }
        }
    }

    async fn container_state(&self, id: &ContainerId) -> Result<ContainerState, RuntimeError> {
        Ok(self.find(id).await?.state)
    }

    pub(super) async fn find(
        &self,
        id: &ContainerId,
    ) -> Result<gantry_kubelet::sandbox::Container, RuntimeError> {
        let sandbox = self.inspect(id.sandbox.clone()).await?;
        let sandbox = sandbox.ok_or_else(|| RuntimeError::NoSuchSandbox(id.sandbox.clone()))?;
        let mut containers = sandbox.containers.into_iter();
        containers
            .find(|c| c.id == *id)
            .ok_or_else(|| RuntimeError::NoSuchContainer(id.clone()))
    }

    async fn remove(&self, id: ContainerId) -> Result<(), RuntimeError> {
        let is_gone = |e: &RuntimeError| {
            matches!(
                e,
                RuntimeError::NoSuchContainer(_) | RuntimeError::NoSuchSandbox(_)
            )
        };
        match self.stop(id.clone(), Duration::ZERO).await {
            Err(e) if is_gone(&e) => return Ok(()),
            stopped => drop(stopped?),
        }
        match self.ask(&id, Request::Remove(id.local())).await {
            Ok(_) => Ok(()),
            Err(RuntimeError::ShimGone(_)) => self.remove_record(&id),
            Err(e) if is_gone(&e) => Ok(()),
            Err(e) => Err(e),
        }
    }

    fn remove_record(&self, id: &ContainerId) -> Result<(), RuntimeError> {
        let paths = self.paths(&id.sandbox).container(&id.local());
        let path = paths.directory().to_owned();
        match std::fs::remove_dir_all(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(RuntimeError::Io {
                what: "remove",
                path,
                source,
            }),
            _ => Ok(()),
        }
    }

    async fn logs(&self, id: ContainerId) -> Result<Vec<PathBuf>, RuntimeError> {
        let path = self.find(&id).await?.config.log_path;
        let older = (1..LOG_FILES).map(|age| gantry_oci::rotated(&path, age));
        let older: Vec<_> = older.filter(|file| file.exists()).collect();
        Ok([path].into_iter().chain(older).collect())
    }
}
