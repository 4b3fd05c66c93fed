//! What a node has to be told. Everything else it finds out by looking.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use gantry_client::Api;
use gantry_driver::Record;
use gantry_gateway::Clock;
use gantry_kubelet::node_status::Reserved;
use gantry_netdev::NetworkConfig;

/// What connects a node to the rest of its process.
#[derive(Clone, Debug)]
pub struct Doors {
    /// The API, as this node may use it.
    pub api: Arc<dyn Api>,
    /// The door to time.
    pub clock: Arc<dyn Clock>,
    /// Where its loops enter what they do.
    pub record: Record,
}

/// What a node has to be told.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The name of its Node object.
    pub name: String,
    /// What pods, volumes and logs are kept in; no other node may use it.
    pub data_dir: PathBuf,
    /// Its own addresses, the one that others should use first.
    pub addresses: Vec<Ipv4Addr>,
    /// The ranges and names of its network.
    pub network: NetworkConfig,
    /// The cluster's DNS address.
    pub cluster_dns: Ipv4Addr,
    /// The cluster's domain, usually `cluster.local`.
    pub domain: String,
    /// The top of its cgroups, below the mounts; no two clusters of a machine may share it.
    pub cgroup_root: String,
    /// The program that becomes a shim, usually this one.
    pub shim_program: PathBuf,
    /// What to tell it before the pod's directory, such as `shim`.
    pub shim_args: Vec<OsString>,
    /// The port under which the API server says that it reaches this node.
    pub port: u16,
    /// The version of Kubernetes that it announces, such as `v1.35.0`.
    pub version: String,
    /// How many pods may run here.
    pub max_pods: u32,
    /// What is kept back for everything that is not a pod.
    pub reserved: Reserved,
}
