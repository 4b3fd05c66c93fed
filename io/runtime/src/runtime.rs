//! What a container runtime does for a node, as one trait.
//!
//! Shaped like the container runtime interface, so that an external runtime can stand behind it.
//! The trait decides nothing: it neither restarts nor replaces anything.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;
use gantry_kubelet::sandbox::{
    ContainerConfig, ContainerId, Exit, Sandbox, SandboxConfig, SandboxId, Usage,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::changes::Changes;
use crate::error::RuntimeError;
use crate::streams::{Streams, TerminalSize};

/// What every call of a runtime returns.
pub type Reply<'a, T> = BoxFuture<'a, Result<T, RuntimeError>>;

/// Runs sandboxes and the containers in them.
///
/// Every call may be repeated: stopping what has stopped and removing what is
/// gone both succeed. After a restart, [`Runtime::list`] is the only memory;
/// it returns what each pod was started with, kept by the pod's shim.
pub trait Runtime: Send + Sync + std::fmt::Debug {
    /// All that exists on this node, in whatever state.
    fn list(&self) -> Reply<'_, Vec<Sandbox>>;
    /// One sandbox, or none when it does not exist.
    fn inspect(&self, id: SandboxId) -> Reply<'_, Option<Sandbox>>;

    /// Makes a sandbox, or returns the one that the pod has.
    fn run_sandbox(&self, config: SandboxConfig) -> Reply<'_, Sandbox>;
    /// Ends all that runs in it at once; its records stay.
    fn stop_sandbox(&self, id: SandboxId) -> Reply<'_, ()>;
    /// Stops it and forgets it, its containers and what they wrote.
    fn remove_sandbox(&self, id: SandboxId) -> Reply<'_, ()>;

    /// Makes a container without running it.
    fn create(&self, within: SandboxId, config: ContainerConfig) -> Reply<'_, ContainerId>;
    /// Runs it; returns when its program runs, or with why it cannot.
    fn start(&self, id: ContainerId) -> Reply<'_, ()>;
    /// Asks politely, waits for `grace`, then insists. A later call may shorten the wait.
    fn stop(&self, id: ContainerId, grace: Duration) -> Reply<'_, Exit>;
    /// Ends it at once if it runs, and forgets it. Its logs stay for whoever named their place.
    fn remove(&self, id: ContainerId) -> Reply<'_, ()>;

    /// Runs one more program in a running container; dropping the streams ends it.
    fn exec(&self, id: ContainerId, request: Exec) -> Reply<'_, Streams>;
    /// Joins the standard streams of a running container.
    fn attach(&self, id: ContainerId, request: Attach) -> Reply<'_, Streams>;
    /// Connects to a port on the loopback address inside the sandbox.
    fn port_forward(&self, id: SandboxId, port: u16) -> Reply<'_, Box<dyn Duplex>>;
    /// What a running container uses at the moment.
    fn usage(&self, id: ContainerId) -> Reply<'_, Usage>;
    /// The file that the container's output is written to, and those rotated away, newest first.
    fn logs(&self, id: ContainerId) -> Reply<'_, Vec<PathBuf>>;

    /// Names sandboxes whose state changed, as soon as it did.
    ///
    /// A name that nobody has taken yet is not repeated, so a slow listener costs nothing.
    fn events(&self) -> Changes;
}

/// One more program to run in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exec {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Whether it runs on a terminal of its own.
    pub tty: bool,
    /// Whether its standard input is connected.
    pub stdin: bool,
    /// The first size of the terminal.
    pub size: Option<TerminalSize>,
}

/// How to join a container's standard streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attach {
    /// Whether to feed its standard input, if it has one.
    pub stdin: bool,
    /// The first size of the terminal, if it has one.
    pub size: Option<TerminalSize>,
}

/// A connection that is read and written.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}
