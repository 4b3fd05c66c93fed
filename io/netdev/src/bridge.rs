//! The embedded network: a bridge per cluster, a pair of links per sandbox.
//!
//! A pod's address is a /32 and its gateway is the bridge, so all its packets, also those to its
//! neighbours, pass through the node's IP layer. Service rules therefore see both directions
//! of a connection whether or not the kernel filters bridged frames, and that switch, which belongs
//! to the whole machine, stays as it was found.
//!
//! Nothing is remembered in this process: links are found again by their names.

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::sync::Arc;

use gantry_routing::Cidr;

use crate::blocking::apart;
use crate::config::{NetworkConfig, address_mac};
use crate::netlink::NetlinkError;
use crate::network::{Attachment, Network, NetworkError, Reply, Sandbox};
use crate::rtnetlink::{Index, Links, Route, VethPair};
use crate::sysctl;

/// What the link is called within a sandbox.
const INNER_LINK: &str = "eth0";

/// Connects sandboxes through a bridge of the cluster.
#[derive(Clone, Debug)]
pub struct BridgeNetwork {
    config: Arc<NetworkConfig>,
}

impl BridgeNetwork {
    /// A network as configured. Touches nothing yet.
    #[must_use]
    pub fn new(config: NetworkConfig) -> Self {
        Self {
            config: Arc::new(config),
        }
    }

    /// What it was configured with.
    #[must_use]
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    fn set_up_now(&self) -> Result<(), NetworkError> {
        let bridge = self.config.bridge();
        let failed = |source| NetworkError::Bridge {
            bridge: bridge.clone(),
            source,
        };
        self.make_bridge(&bridge).map_err(failed)?;
        let failed = |source| NetworkError::Switch {
            bridge: bridge.clone(),
            source,
        };
        switches(&bridge)
            .iter()
            .try_for_each(|(switch, value)| sysctl::set(switch, value).map_err(failed))
    }

    fn make_bridge(&self, bridge: &str) -> Result<(), NetlinkError> {
        let links = Links::here()?;
        let config = &self.config;
        links.add_bridge(bridge, config.bridge_mac(), config.mtu)?;
        let Some(link) = links.find(bridge)? else {
            return Ok(());
        };
        links.set_up(link.index)?;
        links.add_address(link.index, config.gateway(), config.node_range.prefix())?;
        // Service addresses exist nowhere; this makes the node's own connections to them leave
        // with a source address that pods can answer.
        links.set_route(&Route {
            destination: config.service_range,
            link: link.index,
            via: None,
            source: Some(config.gateway()),
        })
    }

    fn attach_now(&self, sandbox: &Sandbox) -> Result<Attachment, NetworkError> {
        let namespace = File::open(&sandbox.namespace).map_err(|source| {
            let (path, sandbox) = (sandbox.namespace.clone(), sandbox.id.clone());
            NetworkError::Namespace {
                sandbox,
                path,
                source,
            }
        })?;
        let failed = |source| NetworkError::Attach {
            sandbox: sandbox.id.clone(),
            source,
        };
        let links = Links::here().map_err(failed)?;
        let bridge = self.bridge_index(&links).map_err(failed)?;
        let bridge = bridge.ok_or_else(|| NetworkError::NoBridge {
            bridge: self.config.bridge(),
        })?;
        self.connect(&links, bridge, sandbox, &namespace)
            .map_err(failed)?;
        Ok(Attachment {
            link: self.config.link(&sandbox.id),
            address: sandbox.address,
            gateway: self.config.gateway(),
        })
    }

    fn bridge_index(&self, links: &Links) -> Result<Option<Index>, NetlinkError> {
        Ok(links.find(&self.config.bridge())?.map(|link| link.index))
    }

    fn connect(
        &self,
        links: &Links,
        bridge: Index,
        sandbox: &Sandbox,
        namespace: &File,
    ) -> Result<(), NetlinkError> {
        let inside = Links::of(namespace.as_fd())?;
        let name = self.config.link(&sandbox.id);
        let outer = links.find(&name)?;
        if outer.is_none() || inside.find(INNER_LINK)?.is_none() {
            // An outer end whose inner end is elsewhere was left by a sandbox of the same name.
            links.delete(&name)?;
            links.add_veth(&VethPair {
                name: &name,
                alias: &sandbox.id,
                bridge,
                mtu: self.config.mtu,
                peer_name: INNER_LINK,
                peer_mac: address_mac(sandbox.address),
                peer_namespace: namespace.as_fd(),
            })?;
        }
        if let Some(outer) = links.find(&name)? {
            links.set_hairpin(outer.index)?;
            links.set_up(outer.index)?;
        }
        self.configure_inside(&inside, sandbox.address)
    }

    fn configure_inside(&self, inside: &Links, address: Ipv4Addr) -> Result<(), NetlinkError> {
        for link in inside.all()? {
            if link.name == "lo" {
                inside.set_up(link.index)?;
            }
            if link.name == INNER_LINK {
                inside.add_address(link.index, address, 32)?;
                inside.set_up(link.index)?;
                self.add_routes(inside, link.index)?;
            }
        }
        Ok(())
    }

    fn add_routes(&self, inside: &Links, link: Index) -> Result<(), NetlinkError> {
        let gateway = self.config.gateway();
        let to_gateway = Route {
            destination: Cidr::new(gateway, 32),
            link,
            via: None,
            source: None,
        };
        inside.set_route(&to_gateway)?;
        let everywhere = Cidr::new(Ipv4Addr::UNSPECIFIED, 0);
        inside.set_route(&Route {
            destination: everywhere,
            via: Some(gateway),
            ..to_gateway
        })
    }

    fn detach_now(&self, sandbox: &str) -> Result<(), NetworkError> {
        let name = self.config.link(sandbox);
        Links::here()
            .and_then(|links| links.delete(&name))
            .map_err(|source| NetworkError::Detach {
                sandbox: sandbox.to_owned(),
                source,
            })
    }

    fn remove_now(&self) -> Result<(), NetworkError> {
        let bridge = self.config.bridge();
        let remove = || {
            let links = Links::here()?;
            let Some(index) = self.bridge_index(&links)? else {
                return Ok(());
            };
            for link in links
                .all()?
                .into_iter()
                .filter(|link| link.master == Some(index))
            {
                links.delete(&link.name)?;
            }
            links.delete(&bridge)
        };
        remove().map_err(|source| NetworkError::Bridge {
            bridge: bridge.clone(),
            source,
        })
    }

    fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, NetworkError> + Send + 'static,
    ) -> Reply<'static, T, NetworkError> {
        let network = self.clone();
        Box::pin(async move {
            apart(move || work(&network))
                .await
                .unwrap_or(Err(NetworkError::Stopping))
        })
    }
}

/// What the kernel must do for the bridge: forward, and not tell pods of shorter ways to each
/// other, which would lead around the packet filter.
fn switches(bridge: &str) -> [(String, &'static str); 2] {
    [
        ("ip_forward".to_owned(), "1"),
        (format!("conf/{bridge}/send_redirects"), "0"),
    ]
}

impl Network for BridgeNetwork {
    fn set_up(&self) -> Reply<'_, (), NetworkError> {
        self.apart(Self::set_up_now)
    }

    fn attach(&self, sandbox: Sandbox) -> Reply<'_, Attachment, NetworkError> {
        self.apart(move |network| network.attach_now(&sandbox))
    }

    fn detach(&self, sandbox: String) -> Reply<'_, (), NetworkError> {
        self.apart(move |network| network.detach_now(&sandbox))
    }

    fn remove(&self) -> Reply<'_, (), NetworkError> {
        self.apart(Self::remove_now)
    }
}
