//! Links, addresses, routes, packet filter.
//!
//! [`BridgeNetwork`] connects sandboxes to a bridge of the cluster; [`NftDataplane`] keeps one
//! packet-filter table per cluster equal to a [`gantry_routing::Ruleset`]. Both speak netlink
//! themselves and run no other program. What is wanted is decided in `logic/routing`.
//!
//! Several clusters on one machine share nothing here: each has its own bridge, table and ranges.
//! Everything is found again by name, so a new process takes over from one that was killed.

mod blocking;
mod bridge;
mod config;
mod conntrack;
mod dataplane;
mod filter;
mod limits;
mod netlink;
mod network;
mod nft;
mod rtnetlink;
mod sysctl;

pub use bridge::BridgeNetwork;
pub use config::{ConfigError, NetworkConfig};
pub use dataplane::{Applied, Dataplane, DataplaneError};
pub use netlink::socket::NetlinkError;
pub use network::{Attachment, Network, NetworkError, Reply, Sandbox};
pub use nft::NftDataplane;
