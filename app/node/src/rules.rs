//! Keeps the node's packet filter as Services, EndpointSlices and host ports want it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use gantry_base::Timestamp;
use gantry_driver::{End, Executor, Outcome, Subject};
use gantry_kubelet::sandbox_config::reference;
use gantry_netdev::Dataplane;
use gantry_reconcile::{Plan, View, Watched};
use gantry_routing::{
    Endpoint, Frontend, HostPort, LocalNode, Protocol, Ruleset, Treatment, ruleset,
};

use crate::agent::Agent;

/// The loop's decisions.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) agent: Agent,
    /// Where the node's own DNS server listens.
    pub(crate) dns: SocketAddrV4,
}

/// The loop's effects.
pub(crate) struct Filter {
    pub(crate) agent: Agent,
    pub(crate) dataplane: Arc<dyn Dataplane>,
}

/// All rules, and which of them do not come from Services.
#[derive(Debug)]
pub(crate) struct Wanted {
    rules: Ruleset,
    host_ports: BTreeSet<Frontend>,
}

/// Makes the rules due whenever what they follow from changes.
pub(crate) fn listen(agent: &Agent) {
    for watched in [Watched::of::<Service>(), Watched::of::<EndpointSlice>()] {
        let rules = agent.rules.clone();
        agent
            .cache
            .listen(&watched, Arc::new(move |_, _| rules.push([()])));
    }
}

impl Subject for Rules {
    type Key = ();
    type World = (BTreeSet<Frontend>, Ruleset);
    type Action = Wanted;

    fn name(&self) -> &'static str {
        "rules"
    }

    fn observe(&self, view: &View, (): &(), _now: Timestamp) -> Option<Self::World> {
        let config = &self.agent.config;
        let host_ports = host_ports(&self.agent, view);
        let frontend = |port: &HostPort| Frontend {
            address: port.address,
            protocol: port.protocol,
            port: port.port,
        };
        let own = host_ports.iter().map(frontend).collect();
        let node = LocalNode {
            name: config.name.clone(),
            nodes: config.addresses.iter().copied().collect(),
            host_ports,
            dns: Some((config.cluster_dns, self.dns)),
        };
        let services: Vec<Arc<Service>> = view.all().collect();
        let slices: Vec<Arc<EndpointSlice>> = view.all().collect();
        let services = services.iter().map(AsRef::as_ref);
        Some((
            own,
            ruleset(&node, services, slices.iter().map(AsRef::as_ref)),
        ))
    }

    fn decide(&self, (host_ports, rules): &Self::World) -> Plan<Wanted> {
        let mut plan = Plan::default();
        plan.act(Wanted {
            rules: rules.clone(),
            host_ports: host_ports.clone(),
        });
        plan
    }
}

impl Executor<Wanted> for Filter {
    async fn carry_out(&self, actions: Vec<Wanted>) -> Outcome<Wanted> {
        let mut end = End::Done;
        for wanted in actions {
            let routed = routed(&wanted);
            match self.dataplane.replace(wanted.rules).await {
                Ok(_) => note_routed(&self.agent, routed),
                Err(error) => end = End::Failed(gantry_base::chain(&error)),
            }
        }
        Outcome {
            written: BTreeMap::new(),
            end,
        }
    }
}

/// The addresses that Services lead to.
fn routed(wanted: &Wanted) -> BTreeSet<Ipv4Addr> {
    let services = wanted.rules.frontends.iter();
    let services = services.filter(|(frontend, _)| !wanted.host_ports.contains(frontend));
    services
        .filter_map(|(_, treatment)| match treatment {
            Treatment::Balance(balance) => Some(&balance.endpoints),
            Treatment::Drop | Treatment::Reject => None,
        })
        .flatten()
        .map(|endpoint| endpoint.address)
        .collect()
}

/// Pods that nothing leads to any more may be waiting for that.
fn note_routed(agent: &Agent, routed: BTreeSet<Ipv4Addr>) {
    let mut state = agent.state.lock();
    let before = std::mem::replace(&mut state.routed, routed);
    let left: Vec<_> = before.difference(&state.routed).copied().collect();
    let waiting = state
        .pods
        .iter()
        .filter(|(_, pod)| pod.address.is_some_and(|own| left.contains(&own)));
    let keys: Vec<_> = waiting.map(|(key, _)| key.clone()).collect();
    drop(state);
    agent.inbox.push(keys);
}

/// The ports of the node that lead straight to pods.
fn host_ports(agent: &Agent, view: &View) -> Vec<HostPort> {
    let pods: Vec<Arc<Pod>> = view.all().collect();
    let state = agent.state.lock();
    let mut all = Vec::new();
    for pod in &pods {
        let known = state.pods.get(&reference(pod));
        let Some(address) = known.and_then(|known| known.address) else {
            continue;
        };
        let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
        for port in containers.flat_map(|container| container.ports.iter().flatten()) {
            let number = |port: i32| u16::try_from(port).ok().filter(|port| *port > 0);
            let (Some(outer), Some(inner), Some(protocol)) = (
                port.host_port.and_then(number),
                number(port.container_port),
                Protocol::named(port.protocol.as_deref()),
            ) else {
                continue;
            };
            let on = port
                .host_ip
                .as_deref()
                .and_then(|ip| ip.parse::<Ipv4Addr>().ok());
            all.push(HostPort {
                address: on.filter(|address| !address.is_unspecified()),
                protocol,
                port: outer,
                target: Endpoint {
                    address,
                    port: inner,
                },
            });
        }
    }
    all
}
