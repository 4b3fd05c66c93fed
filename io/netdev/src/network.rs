//! The seam between a node and whatever connects its sandboxes.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use futures_util::future::BoxFuture;

use crate::netlink::NetlinkError;
use crate::sysctl::SysctlError;

/// What calls over a seam of this crate return.
pub type Reply<'a, T, E> = BoxFuture<'a, Result<T, E>>;

/// Connects sandboxes to the cluster network.
///
/// Whole states go in and every call may be repeated. Which address a sandbox gets is decided
/// elsewhere (`gantry_routing::AddressPool`); the network does as it is told.
pub trait Network: Send + Sync {
    /// Makes what all sandboxes need: the bridge, its address, the routes and the switches.
    fn set_up(&self) -> Reply<'_, (), NetworkError>;

    /// Gives a sandbox its interface and address. Asking again gives the same answer.
    fn attach(&self, sandbox: Sandbox) -> Reply<'_, Attachment, NetworkError>;

    /// Takes them back. Succeeds if they are already gone.
    fn detach(&self, sandbox: String) -> Reply<'_, (), NetworkError>;

    /// Takes everything down, sandboxes' links included. Succeeds if nothing is there.
    fn remove(&self) -> Reply<'_, (), NetworkError>;
}

/// A sandbox that wants to be connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sandbox {
    /// Its identity, unique within the cluster on this node.
    pub id: String,
    /// A file that refers to its network namespace, such as `/proc/<pid>/ns/net`.
    pub namespace: PathBuf,
    /// The address it shall have.
    pub address: Ipv4Addr,
}

/// How a sandbox is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its link's name on the node's side; within the sandbox it is `eth0`.
    pub link: String,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its way to everywhere else.
    pub gateway: Ipv4Addr,
}

/// Why the network did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The bridge or what belongs to it.
    #[error("set up bridge {bridge}")]
    Bridge {
        /// Its name.
        bridge: String,
        /// Why not.
        source: NetlinkError,
    },
    /// The bridge is gone, or was never made.
    #[error("use bridge {bridge}: it does not exist")]
    NoBridge {
        /// Its name.
        bridge: String,
    },
    /// A switch of the kernel.
    #[error("prepare the kernel for bridge {bridge}")]
    Switch {
        /// Its name.
        bridge: String,
        /// Why not.
        source: SysctlError,
    },
    /// The sandbox's namespace.
    #[error("open network namespace {} of sandbox {sandbox}", path.display())]
    Namespace {
        /// The sandbox.
        sandbox: String,
        /// The file that should refer to the namespace.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The sandbox's link.
    #[error("connect sandbox {sandbox}")]
    Attach {
        /// The sandbox.
        sandbox: String,
        /// Why not.
        source: NetlinkError,
    },
    /// The sandbox's link, on the way out.
    #[error("disconnect sandbox {sandbox}")]
    Detach {
        /// The sandbox.
        sandbox: String,
        /// Why not.
        source: NetlinkError,
    },
    /// The process is shutting down.
    #[error("finish the work of a stopping process")]
    Stopping,
}
