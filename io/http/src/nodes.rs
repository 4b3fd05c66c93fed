//! What the front asks of the nodes: logs, programs in containers, connections into pods.
//!
//! The front has already checked who asks, and that the pod and the container exist. Whether the
//! node is in this process or elsewhere is the implementation's business.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use gantry_api::Rejection;
use gantry_base::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

/// An answer that is awaited.
pub type Reply<'a, T> = BoxFuture<'a, Result<T, NodeError>>;
/// What a container wrote, piece by piece.
pub type LogStream = BoxStream<'static, Result<Bytes, NodeError>>;

/// The nodes of the cluster, as the front needs them.
pub trait Nodes: fmt::Debug + Send + Sync {
    /// What a container wrote. Following ends with the container; dropping the stream ends it too.
    fn logs(&self, pod: PodRef, options: LogOptions) -> Reply<'_, LogStream>;

    /// Runs one more program in a running container. Dropping the session ends the program.
    fn exec(&self, pod: PodRef, request: ExecRequest) -> Reply<'_, Session>;

    /// Joins the streams of a running container. Dropping the session leaves the container alone.
    fn attach(&self, pod: PodRef, request: AttachRequest) -> Reply<'_, Session>;

    /// Connects to a port on the loopback address inside the pod.
    fn port_forward(&self, pod: PodRef, port: u16) -> Reply<'_, Box<dyn Duplex>>;

    /// The address at which this process reaches the pod, given the one in its status.
    fn proxy_address(&self, pod: PodRef, address: IpAddr) -> Reply<'_, IpAddr> {
        drop(pod);
        Box::pin(std::future::ready(Ok(address)))
    }
}

/// The nodes of a server that can reach none.
#[derive(Clone, Copy, Debug)]
pub struct NoNodes;

impl NoNodes {
    fn unreachable<T: Send + 'static>(pod: PodRef) -> Reply<'static, T> {
        Box::pin(std::future::ready(Err(NodeError::Unreachable {
            node: pod.node,
            message: "this server runs without a node, and cannot reach others yet".to_owned(),
        })))
    }
}

impl Nodes for NoNodes {
    fn logs(&self, pod: PodRef, _options: LogOptions) -> Reply<'_, LogStream> {
        Self::unreachable(pod)
    }

    fn exec(&self, pod: PodRef, _request: ExecRequest) -> Reply<'_, Session> {
        Self::unreachable(pod)
    }

    fn attach(&self, pod: PodRef, _request: AttachRequest) -> Reply<'_, Session> {
        Self::unreachable(pod)
    }

    fn port_forward(&self, pod: PodRef, _port: u16) -> Reply<'_, Box<dyn Duplex>> {
        Self::unreachable(pod)
    }
}

/// Which pod is meant, and where it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodRef {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid: a namesake that came later is another pod.
    pub uid: String,
    /// The node that it is bound to.
    pub node: String,
}

/// Which lines of which log are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The container.
    pub container: String,
    /// Go on as more is written.
    pub follow: bool,
    /// The container's previous run instead of this one.
    pub previous: bool,
    /// Only so many lines from the end.
    pub tail_lines: Option<u64>,
    /// Only what was written since.
    pub since: Option<Since>,
    /// Only so many bytes.
    pub limit_bytes: Option<u64>,
    /// Begin each line with its time.
    pub timestamps: bool,
    /// Only one of the two streams; both when absent.
    pub stream: Option<LogSource>,
}

/// From when on lines are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// From so long ago on, by the node's clock.
    Ago(Duration),
    /// From this moment on.
    Time(Timestamp),
}

/// One of the two streams that a container writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSource {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One more program to run in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecRequest {
    /// The container.
    pub container: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Whether it runs on a terminal.
    pub tty: bool,
    /// Whether its standard input is connected.
    pub stdin: bool,
    /// Whether its standard output is wanted.
    pub stdout: bool,
    /// Whether its standard error is wanted; never with a terminal.
    pub stderr: bool,
}

/// How to join a container's streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachRequest {
    /// The container.
    pub container: String,
    /// Whether the container runs on a terminal.
    pub tty: bool,
    /// Whether to feed its standard input.
    pub stdin: bool,
    /// Whether its standard output is wanted.
    pub stdout: bool,
    /// Whether its standard error is wanted.
    pub stderr: bool,
}

/// A conversation with a program in a container.
pub struct Session {
    /// What the program reads; none when it was not asked for. Shutting it down is its end.
    pub stdin: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    /// What the program writes.
    pub stdout: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// Its errors; none on a terminal.
    pub stderr: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// Changes the terminal's size, without waiting; the latest size wins. None without a terminal.
    pub resize: Option<Box<dyn Fn(TerminalSize) + Send + Sync>>,
    /// Resolves to the exit code (128 and the signal's number for a killed one).
    pub exit: BoxFuture<'static, Result<i32, NodeError>>,
}

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TerminalSize {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// A connection that is read and written.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Why a node did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// What was asked for cannot be had, whoever asks: no such run, not running, no such program.
    #[error("{message}")]
    Refused {
        /// Why not.
        message: String,
    },
    /// The node does not answer, or is not known.
    #[error("reach node {node:?}: {message}")]
    Unreachable {
        /// Which node.
        node: String,
        /// Why not.
        message: String,
    },
    /// The node failed.
    #[error("{message}")]
    Failed {
        /// At what.
        message: String,
    },
}

impl From<NodeError> for Rejection {
    fn from(error: NodeError) -> Self {
        let message = error.to_string();
        match error {
            NodeError::Refused { .. } => Self::BadRequest { message },
            NodeError::Unreachable { .. } => Self::Unavailable { message },
            NodeError::Failed { .. } => Self::Internal { message },
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("stdin", &self.stdin.is_some())
            .field("stdout", &self.stdout.is_some())
            .field("stderr", &self.stderr.is_some())
            .field("resize", &self.resize.is_some())
            .finish_non_exhaustive()
    }
}
