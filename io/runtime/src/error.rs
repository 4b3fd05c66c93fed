//! Why a runtime did not do what it was asked.

use std::io;
use std::path::PathBuf;

use gantry_kubelet::sandbox::{ContainerId, SandboxId};
use gantry_oci::orphans::OrphanError;
use gantry_oci::protocol::Refusal;
use gantry_oci::records::RecordError;
use gantry_oci::{SpecError, StartFailure};
use thiserror::Error;

/// A call that was not carried out.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// There is no such sandbox.
    #[error("find the sandbox {0}")]
    NoSuchSandbox(SandboxId),
    /// Another call is making it at the moment.
    #[error("use the sandbox {0}: it is being made")]
    Starting(SandboxId),
    /// There is no such container.
    #[error("find the container {0}")]
    NoSuchContainer(ContainerId),
    /// It does not run, and what was asked needs that.
    #[error("use the container {0}: it is not running")]
    NotRunning(ContainerId),
    /// The program could not be started.
    #[error("start the program: could not {0}")]
    Start(StartFailure),
    /// The container's image cannot be used.
    #[error("use the image {image:?}")]
    Image {
        /// The image as the user wrote it.
        image: String,
        /// What its store says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was asked for makes no container.
    #[error("make the container {name:?}")]
    Spec {
        /// The container's name.
        name: String,
        /// What is wrong with it.
        source: SpecError,
    },
    /// A record cannot be used; one that is newer than this program among them.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// What a shim left behind would not go.
    #[error("end what is left of the sandbox")]
    Orphan(#[source] OrphanError),
    /// The shim could not set the sandbox up, for the reason that it gave.
    #[error("set up the sandbox {sandbox}: {reason}")]
    SetUp {
        /// The sandbox.
        sandbox: SandboxId,
        /// What it left in its log.
        reason: String,
    },
    /// The shim said no.
    #[error(transparent)]
    Refused(Refusal),
    /// The shim went away in the middle of a conversation.
    #[error("hear from the shim of {0}: it is gone")]
    ShimGone(SandboxId),
    /// The kernel said no.
    #[error("{what} {path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

impl From<OrphanError> for RuntimeError {
    fn from(error: OrphanError) -> Self {
        match error {
            OrphanError::Record(record) => Self::Record(record),
            other @ (OrphanError::Cgroup(_) | OrphanError::Hierarchies(_)) => Self::Orphan(other),
        }
    }
}

impl RuntimeError {
    /// What a shim refused, in terms of the container that was meant.
    pub(crate) fn refused(refusal: Refusal, id: &ContainerId) -> Self {
        match refusal {
            Refusal::NoSuchContainer(_) => Self::NoSuchContainer(id.clone()),
            Refusal::NotRunning(_) => Self::NotRunning(id.clone()),
            Refusal::Start(failure) => Self::Start(failure),
            other @ (Refusal::Taken(_)
            | Refusal::Stopped
            | Refusal::Version { .. }
            | Refusal::Other { .. }) => Self::Refused(other),
        }
    }
}
