//! EndpointSlices, gathered by service port.
//!
//! Follows slices whoever wrote them: only the label that names the Service counts. Only ready
//! endpoints get traffic; when there are none, those that are terminating but still serve.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::ServicePort;
use k8s_openapi::api::discovery::v1::{self as discovery, EndpointPort, EndpointSlice};

use super::{Reach, ServiceKey};
use crate::ruleset::{Endpoint, Protocol};

/// The label by which a slice names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// A port of a Service, as its slices refer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PortName<'a> {
    service: ServiceKey<'a>,
    name: &'a str,
    protocol: Option<Protocol>,
}

impl<'a> PortName<'a> {
    pub(super) fn new(service: ServiceKey<'a>, port: &'a ServicePort) -> Self {
        let protocol = Protocol::named(port.protocol.as_deref());
        Self {
            service,
            name: port.name.as_deref().unwrap_or_default(),
            protocol,
        }
    }
}

/// All endpoints that slices mention.
#[derive(Debug, Default)]
pub(super) struct Backends<'a> {
    ports: BTreeMap<PortName<'a>, Vec<Backend>>,
}

/// One endpoint, and what decides whether it gets traffic.
#[derive(Clone, Copy, Debug)]
struct Backend {
    endpoint: Endpoint,
    fitness: Fitness,
    is_here: bool,
}

/// How much an endpoint wants traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fitness {
    Ready,
    Leaving,
    Unfit,
}

impl<'a> Backends<'a> {
    pub(super) fn read(
        slices: impl IntoIterator<Item = &'a EndpointSlice>,
        node_name: &str,
    ) -> Self {
        let mut backends = Self::default();
        for slice in slices {
            backends.add(slice, node_name);
        }
        backends
    }

    /// The endpoints that a packet for this port may go to.
    pub(super) fn of(&self, port: &PortName<'_>) -> Reach {
        let backends = self.ports.get(port).map(Vec::as_slice).unwrap_or_default();
        let here: Vec<_> = backends
            .iter()
            .copied()
            .filter(|backend| backend.is_here)
            .collect();
        Reach {
            everywhere: fittest(backends),
            here: fittest(&here),
        }
    }

    pub(super) fn local_addresses(&self) -> BTreeSet<Ipv4Addr> {
        let backends = self
            .ports
            .values()
            .flatten()
            .filter(|backend| backend.is_here);
        backends.map(|backend| backend.endpoint.address).collect()
    }

    fn add(&mut self, slice: &'a EndpointSlice, node_name: &str) {
        let Some(service) = service_of(slice) else {
            return;
        };
        for port in slice.ports.iter().flatten() {
            let Some(number) = port.port.and_then(|port| u16::try_from(port).ok()) else {
                continue;
            };
            let found = slice
                .endpoints
                .iter()
                .filter_map(|endpoint| backend(endpoint, number, node_name));
            self.ports
                .entry(port_name(service, port))
                .or_default()
                .extend(found);
        }
    }
}

fn service_of(slice: &EndpointSlice) -> Option<ServiceKey<'_>> {
    let name = slice.metadata.labels.as_ref()?.get(SERVICE_NAME)?;
    let namespace = slice.metadata.namespace.as_deref()?;
    (slice.address_type == "IPv4").then_some((namespace, name.as_str()))
}

fn port_name<'a>(service: ServiceKey<'a>, port: &'a EndpointPort) -> PortName<'a> {
    let protocol = Protocol::named(port.protocol.as_deref());
    PortName {
        service,
        name: port.name.as_deref().unwrap_or_default(),
        protocol,
    }
}

fn backend(endpoint: &discovery::Endpoint, port: u16, node_name: &str) -> Option<Backend> {
    // An endpoint's addresses are interchangeable by contract; the first stands for it.
    let address: Ipv4Addr = endpoint.addresses.first()?.parse().ok()?;
    Some(Backend {
        endpoint: Endpoint { address, port },
        fitness: fitness(endpoint),
        is_here: endpoint.node_name.as_deref() == Some(node_name),
    })
}

/// What is not said counts as ready, and as serving when ready: the API promises both.
fn fitness(endpoint: &discovery::Endpoint) -> Fitness {
    let Some(conditions) = &endpoint.conditions else {
        return Fitness::Ready;
    };
    let ready = conditions.ready.unwrap_or(true);
    let serving = conditions.serving.unwrap_or(ready);
    let terminating = conditions.terminating.unwrap_or(false);
    match (ready, serving && terminating) {
        (true, _) => Fitness::Ready,
        (false, true) => Fitness::Leaving,
        (false, false) => Fitness::Unfit,
    }
}

fn fittest(backends: &[Backend]) -> BTreeSet<Endpoint> {
    let with = |fitness: Fitness| -> BTreeSet<Endpoint> {
        let chosen = backends.iter().filter(|backend| backend.fitness == fitness);
        chosen.map(|backend| backend.endpoint).collect()
    };
    let ready = with(Fitness::Ready);
    if ready.is_empty() {
        with(Fitness::Leaving)
    } else {
        ready
    }
}
