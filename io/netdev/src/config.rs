//! What a cluster's network on this machine is made of: ranges and names.
//!
//! Names of everything in the kernel are derived here from the cluster's name, so that two clusters
//! never meet and a cluster always finds its own things again.

use std::net::Ipv4Addr;

use gantry_routing::Cidr;

use crate::limits::LINK_NAME_BYTES;
use crate::rtnetlink::Mac;

/// The network of one cluster on one node. Fields may be read; [`NetworkConfig::new`] checks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    /// The cluster's name.
    pub cluster: String,
    /// The range of all pods of the cluster.
    pub cluster_range: Cidr,
    /// The range of this node's pods, within that.
    pub node_range: Cidr,
    /// The range of service addresses, apart from that.
    pub service_range: Cidr,
    /// The largest packet that pods may send.
    pub mtu: u32,
}

/// Why ranges do not make a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The node's pods would be outside the cluster's range.
    #[error("use {node} for this node's pods: it is not within the cluster's range {cluster}")]
    NodeOutside {
        /// The node's range.
        node: Cidr,
        /// The cluster's range.
        cluster: Cidr,
    },
    /// An address could be a pod's and a service's.
    #[error("use {services} for services: it overlaps the pod range {cluster}")]
    Overlap {
        /// The range of services.
        services: Cidr,
        /// The cluster's range.
        cluster: Cidr,
    },
    /// There is no room for a gateway and a pod.
    #[error("use {node} for this node's pods: a range of at least /30 is needed")]
    TooSmall {
        /// The node's range.
        node: Cidr,
    },
}

impl NetworkConfig {
    /// A network out of checked ranges, for packets of up to 1500 bytes.
    ///
    /// # Errors
    /// When the ranges contradict each other.
    pub fn new(
        cluster: &str,
        cluster_range: Cidr,
        node_range: Cidr,
        service_range: Cidr,
    ) -> Result<Self, ConfigError> {
        let is_within = cluster_range.contains(node_range.first())
            && cluster_range.prefix() <= node_range.prefix();
        if !is_within {
            return Err(ConfigError::NodeOutside {
                node: node_range,
                cluster: cluster_range,
            });
        }
        if cluster_range.overlaps(service_range) {
            return Err(ConfigError::Overlap {
                services: service_range,
                cluster: cluster_range,
            });
        }
        if 30 < node_range.prefix() {
            return Err(ConfigError::TooSmall { node: node_range });
        }
        let cluster = cluster.to_owned();
        Ok(Self {
            cluster,
            cluster_range,
            node_range,
            service_range,
            mtu: 1500,
        })
    }

    /// The node's address on the bridge: the pods' gateway, and where node-local servers listen.
    #[must_use]
    pub fn gateway(&self) -> Ipv4Addr {
        self.node_range
            .nth(1)
            .expect("the range was checked to have room for a gateway")
    }

    /// The name of the cluster's bridge: its own when that fits, else a digest of it.
    #[must_use]
    pub fn bridge(&self) -> String {
        let name = if self.cluster == "gantry" {
            "gantry0".to_owned()
        } else {
            format!("gantry-{}", self.cluster)
        };
        let is_plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if name.len() <= LINK_NAME_BYTES && is_plain {
            return name;
        }
        format!("gt{:012x}", digest(&self.cluster) >> 16)
    }

    /// The name of the cluster's packet-filter table.
    #[must_use]
    pub fn table(&self) -> String {
        format!("gantry-{}", self.cluster)
    }

    /// The name of a sandbox's link on this node.
    #[must_use]
    pub fn link(&self, sandbox: &str) -> String {
        format!(
            "gv{:012x}",
            digest(&format!("{}/{sandbox}", self.cluster)) >> 16
        )
    }

    /// The bridge's hardware address: chosen, so that it outlives the ports that come and go.
    pub(crate) fn bridge_mac(&self) -> Mac {
        address_mac(self.gateway())
    }
}

/// The hardware address that belongs to an address, so that a reused one never meets a stale
/// neighbour entry. The first byte marks it as locally administered.
pub(crate) fn address_mac(address: Ipv4Addr) -> Mac {
    let [a, b, c, d] = address.octets();
    [0x0a, 0x58, a, b, c, d]
}

/// A 64-bit FNV-1a digest: names need to differ, not to withstand anybody.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(cluster: &str, ranges: [&str; 3]) -> Result<NetworkConfig, ConfigError> {
        let [all, node, services] = ranges.map(|text| text.parse().unwrap());
        NetworkConfig::new(cluster, all, node, services)
    }

    #[test]
    fn names_fit_whatever_the_cluster_is_called() {
        let ranges = ["10.244.0.0/16", "10.244.0.0/24", "10.96.0.0/16"];
        let bridge = |cluster| config(cluster, ranges).unwrap().bridge();
        assert_eq!(bridge("gantry"), "gantry0");
        assert_eq!(bridge("test"), "gantry-test");
        let long = bridge("a-cluster-with-a-long-name");
        assert!(long.len() <= LINK_NAME_BYTES && long != bridge("a-cluster-with-a-long-nam"));
        assert_eq!(config("test", ranges).unwrap().link("pod").len(), 14);
    }

    #[test]
    fn ranges_that_contradict_each_other_are_refused() {
        let message = |ranges| config("c", ranges).unwrap_err().to_string();
        assert_eq!(
            message(["10.244.0.0/16", "10.245.0.0/24", "10.96.0.0/16"]),
            "use 10.245.0.0/24 for this node's pods: it is not within the cluster's range \
             10.244.0.0/16"
        );
        assert_eq!(
            message(["10.0.0.0/8", "10.245.0.0/24", "10.96.0.0/16"]),
            "use 10.96.0.0/16 for services: it overlaps the pod range 10.0.0.0/8"
        );
        assert_eq!(
            message(["10.244.0.0/16", "10.244.0.0/31", "10.96.0.0/16"]),
            "use 10.244.0.0/31 for this node's pods: a range of at least /30 is needed"
        );
    }
}
