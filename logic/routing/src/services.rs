//! Services and EndpointSlices to the rules of one node.
//!
//! Reads what controllers wrote: cluster addresses, node ports and resolved target ports are taken
//! as they stand. Services of type ExternalName and headless ones need no rules, nor do those that
//! ask for another proxy. When two Services claim one frontend, the first by name keeps it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4};

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use crate::affinity::affinity;
use crate::ruleset::{Balance, Endpoint, Frontend, Masquerade, Protocol, Ruleset, Treatment};

mod backends;
#[cfg(test)]
mod tests;

use backends::{Backends, PortName};

/// The label by which a Service asks for a proxy other than the built-in one.
const OTHER_PROXY: &str = "service.kubernetes.io/service-proxy-name";

/// What the rules of a node depend on besides Services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalNode {
    /// The node's name, as endpoints carry it.
    pub name: String,
    /// Addresses of all nodes of the cluster, this one included.
    pub nodes: BTreeSet<Ipv4Addr>,
    /// Ports of this node that belong to pods.
    pub host_ports: Vec<HostPort>,
    /// The cluster's DNS address, and where this node's own resolver listens.
    pub dns: Option<(Ipv4Addr, SocketAddrV4)>,
}

/// A port of the node that a pod asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// The address it is bound to; none for all of the node's.
    pub address: Option<Ipv4Addr>,
    /// The protocol.
    pub protocol: Protocol,
    /// The port of the node.
    pub port: u16,
    /// The pod's address and port.
    pub target: Endpoint,
}

/// The rules that make `services` work on this node.
#[must_use]
pub fn ruleset<'a>(
    node: &LocalNode,
    services: impl IntoIterator<Item = &'a Service>,
    slices: impl IntoIterator<Item = &'a EndpointSlice>,
) -> Ruleset {
    let backends = Backends::read(slices, &node.name);
    let mut rules = Ruleset {
        nodes: node.nodes.clone(),
        ..Ruleset::default()
    };
    add_dns(&mut rules, node);
    for (key, service) in by_name(services) {
        let Some(spec) = service
            .spec
            .as_ref()
            .filter(|spec| is_proxied(service, spec))
        else {
            continue;
        };
        for port in spec.ports.iter().flatten() {
            let name = PortName::new(key, port);
            add_port(
                &mut rules,
                &Port {
                    service,
                    spec,
                    port,
                },
                &backends.of(&name),
            );
        }
    }
    add_host_ports(&mut rules, &node.host_ports);
    rules.local.extend(backends.local_addresses());
    rules
}

/// The node answers names itself; the DNS Service's endpoints only say so to clients of the API.
fn add_dns(rules: &mut Ruleset, node: &LocalNode) {
    let Some((address, target)) = node.dns else {
        return;
    };
    let endpoint = Endpoint {
        address: *target.ip(),
        port: target.port(),
    };
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let frontend = Frontend {
            address: Some(address),
            protocol,
            port: 53,
        };
        rules.frontends.insert(frontend, single(endpoint));
    }
}

fn add_host_ports(rules: &mut Ruleset, ports: &[HostPort]) {
    for port in ports {
        let frontend = Frontend {
            address: port.address,
            protocol: port.protocol,
            port: port.port,
        };
        rules
            .frontends
            .entry(frontend)
            .or_insert_with(|| single(port.target));
        rules.local.insert(port.target.address);
    }
}

fn single(endpoint: Endpoint) -> Treatment {
    Treatment::Balance(Balance {
        endpoints: BTreeSet::from([endpoint]),
        affinity: None,
        masquerade: Masquerade::Loopback,
    })
}

type ServiceKey<'a> = (&'a str, &'a str);

fn by_name<'a>(
    services: impl IntoIterator<Item = &'a Service>,
) -> BTreeMap<ServiceKey<'a>, &'a Service> {
    let key = |service: &'a Service| {
        let metadata = &service.metadata;
        Some((metadata.namespace.as_deref()?, metadata.name.as_deref()?))
    };
    services
        .into_iter()
        .filter_map(|service| Some((key(service)?, service)))
        .collect()
}

fn is_proxied(service: &Service, spec: &ServiceSpec) -> bool {
    let labels = service.metadata.labels.as_ref();
    spec.type_.as_deref() != Some("ExternalName")
        && spec
            .cluster_ip
            .as_deref()
            .is_some_and(|ip| !ip.is_empty() && ip != "None")
        && !labels.is_some_and(|labels| labels.contains_key(OTHER_PROXY))
}

/// One port of one Service.
struct Port<'a> {
    service: &'a Service,
    spec: &'a ServiceSpec,
    port: &'a ServicePort,
}

/// The endpoints of one service port: all that should get traffic, and those on this node.
#[derive(Debug, Default)]
struct Reach {
    everywhere: BTreeSet<Endpoint>,
    here: BTreeSet<Endpoint>,
}

fn add_port(rules: &mut Ruleset, port: &Port<'_>, reach: &Reach) {
    let internal = treatment(port, reach, Traffic::Internal);
    let external = treatment(port, reach, Traffic::External);
    for address in port.internal_addresses() {
        port.claim(rules, Some(address), Some(port.port.port), &internal);
    }
    for address in port.external_addresses() {
        port.claim(rules, Some(address), Some(port.port.port), &external);
    }
    port.claim(rules, None, port.port.node_port, &external);
}

/// Where a client comes from, which decides between the two traffic policies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Traffic {
    Internal,
    External,
}

fn treatment(port: &Port<'_>, reach: &Reach, traffic: Traffic) -> Treatment {
    let policy = match traffic {
        Traffic::Internal => &port.spec.internal_traffic_policy,
        Traffic::External => &port.spec.external_traffic_policy,
    };
    let stays_here = policy.as_deref() == Some("Local");
    let endpoints = if stays_here {
        &reach.here
    } else {
        &reach.everywhere
    };
    if reach.everywhere.is_empty() {
        return Treatment::Reject;
    }
    if endpoints.is_empty() {
        return Treatment::Drop;
    }
    Treatment::Balance(Balance {
        endpoints: endpoints.clone(),
        affinity: affinity(port.spec),
        masquerade: match (traffic, stays_here) {
            (_, true) => Masquerade::Loopback,
            (Traffic::Internal, false) => Masquerade::Outsiders,
            (Traffic::External, false) => Masquerade::Always,
        },
    })
}

impl Port<'_> {
    fn internal_addresses(&self) -> BTreeSet<Ipv4Addr> {
        let listed = self.spec.cluster_ips.iter().flatten();
        listed
            .chain(&self.spec.cluster_ip)
            .filter_map(|ip| ip.parse().ok())
            .collect()
    }

    fn external_addresses(&self) -> BTreeSet<Ipv4Addr> {
        let listed = self.spec.external_ips.iter().flatten();
        let listed = listed.filter_map(|ip| ip.parse().ok());
        listed.chain(self.balancer_addresses()).collect()
    }

    /// Addresses of a load balancer that hands packets on with their destination unchanged.
    ///
    /// A Service that limits its sources gets none: to let everybody in would be worse.
    fn balancer_addresses(&self) -> Vec<Ipv4Addr> {
        let limits_sources = self
            .spec
            .load_balancer_source_ranges
            .as_ref()
            .is_some_and(|list| !list.is_empty());
        if self.spec.type_.as_deref() != Some("LoadBalancer") || limits_sources {
            return Vec::new();
        }
        let status = self
            .service
            .status
            .as_ref()
            .and_then(|status| status.load_balancer.as_ref());
        let ingress = status.and_then(|balancer| balancer.ingress.as_ref());
        let ingress = ingress.into_iter().flatten();
        ingress
            .filter(|ingress| ingress.ip_mode.as_deref() != Some("Proxy"))
            .filter_map(|ingress| ingress.ip.as_ref()?.parse().ok())
            .collect()
    }

    fn claim(
        &self,
        rules: &mut Ruleset,
        address: Option<Ipv4Addr>,
        port: Option<i32>,
        treatment: &Treatment,
    ) {
        let port = port
            .and_then(|port| u16::try_from(port).ok())
            .filter(|&port| port != 0);
        let protocol = Protocol::named(self.port.protocol.as_deref());
        let (Some(port), Some(protocol)) = (port, protocol) else {
            return;
        };
        let frontend = Frontend {
            address,
            protocol,
            port,
        };
        rules
            .frontends
            .entry(frontend)
            .or_insert_with(|| treatment.clone());
    }
}
