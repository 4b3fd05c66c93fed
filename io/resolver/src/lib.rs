//! The DNS server's sockets.
//!
//! [`Resolver`] answers pods: the cluster's names from a [`gantry_dns::Zone`], all others by asking
//! the servers that the node itself uses. It never takes port 53 of the host: it listens on a high
//! port of the node's own address in the pod network, and the data plane leads the cluster's DNS
//! address there. The zone stays valid until it is replaced, so names are answered for as long as
//! it takes when the API server is away.

mod desk;
mod forward;
mod host;
mod limits;
mod server;

pub use host::{HostConfig, HostFiles};
pub use server::{BindError, Resolver, ResolverConfig};
