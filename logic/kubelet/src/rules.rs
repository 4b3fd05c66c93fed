//! What the node's packet filter must do: what Services and EndpointSlices ask for, and the ports
//! of the node that lead straight to its pods.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ContainerPort, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use gantry_reconcile::View;
use gantry_routing::{
    Endpoint, Frontend, HostPort, LocalNode, Protocol, Ruleset, Treatment, ruleset,
};

use crate::agent::State;
use crate::sandbox_config::reference;

/// What is particular to the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<Ipv4Addr>,
    /// The cluster's DNS address, and where the node's own DNS server listens.
    pub dns: Option<(Ipv4Addr, SocketAddrV4)>,
}

/// All rules, and which of them do not come from Services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The rules.
    pub ruleset: Ruleset,
    own: BTreeSet<Frontend>,
}

impl Rules {
    /// The rules of a node with these Services, EndpointSlices and host ports.
    #[must_use]
    pub fn new(site: &Site, view: &View, host_ports: Vec<HostPort>) -> Self {
        let own = host_ports.iter().map(|port| Frontend {
            address: port.address,
            protocol: port.protocol,
            port: port.port,
        });
        let own = own.collect();
        let node = LocalNode {
            name: site.name.clone(),
            nodes: site.addresses.iter().copied().collect(),
            host_ports,
            dns: site.dns,
        };
        let services: Vec<Arc<Service>> = view.all().collect();
        let slices: Vec<Arc<EndpointSlice>> = view.all().collect();
        let services = services.iter().map(AsRef::as_ref);
        let ruleset = ruleset(&node, services, slices.iter().map(AsRef::as_ref));
        Self { ruleset, own }
    }

    /// The addresses that Services lead to.
    #[must_use]
    pub fn routed(&self) -> BTreeSet<Ipv4Addr> {
        let services = self.ruleset.frontends.iter();
        let services = services.filter(|(frontend, _)| !self.own.contains(frontend));
        services
            .filter_map(|(_, treatment)| match treatment {
                Treatment::Balance(balance) => Some(&balance.endpoints),
                Treatment::Drop | Treatment::Reject => None,
            })
            .flatten()
            .map(|endpoint| endpoint.address)
            .collect()
    }
}

impl State {
    /// The ports of the node that lead straight to pods, of those that have an address.
    #[must_use]
    pub fn host_ports(&self, view: &View) -> Vec<HostPort> {
        let mut all = Vec::new();
        for pod in view.all::<Pod>() {
            let known = self.pods().get(&reference(&pod));
            let Some(address) = known.and_then(|known| known.address) else {
                continue;
            };
            let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
            let ports = containers.flat_map(|container| container.ports.iter().flatten());
            all.extend(ports.filter_map(|port| host_port(address, port)));
        }
        all
    }
}

fn host_port(address: Ipv4Addr, port: &ContainerPort) -> Option<HostPort> {
    let number = |port: i32| u16::try_from(port).ok().filter(|port| *port > 0);
    let on = port.host_ip.as_deref();
    let on = on.and_then(|ip| ip.parse::<Ipv4Addr>().ok());
    Some(HostPort {
        address: on.filter(|address| !address.is_unspecified()),
        protocol: Protocol::named(port.protocol.as_deref())?,
        port: port.host_port.and_then(number)?,
        target: Endpoint {
            address,
            port: number(port.container_port)?,
        },
    })
}

#[cfg(test)]
mod tests;
