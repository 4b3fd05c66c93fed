//! What a pod asks of a node: resources and ports.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Wire;

use gantry_base::Quantity;

/// Amounts by resource name.
pub(crate) type Amounts = BTreeMap<String, Quantity>;

/// What a pod asks of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Amounts requested, by resource name.
    pub(crate) requests: Amounts,
    /// Ports wanted on the node itself: address, protocol, port.
    pub(crate) ports: Vec<(String, String, i32)>,
}

impl Demand {
    /// What `pod` asks for: its containers together, or the largest init container if that is more,
    /// sidecars counted with both, and the overhead of its runtime.
    #[must_use]
    pub fn of(pod: &Pod) -> Self {
        let Some(spec) = pod.spec.as_ref() else {
            return Self::default();
        };
        let mut running = Amounts::new();
        let mut starting = Amounts::new();
        let mut sidecars = Amounts::new();
        for container in spec.init_containers.iter().flatten() {
            let mut own = requests(container);
            add(&mut own, &sidecars);
            if container.restart_policy.as_deref() == Some("Always") {
                sidecars.clone_from(&own);
            }
            raise(&mut starting, &own);
        }
        for container in &spec.containers {
            add(&mut running, &requests(container));
        }
        add(&mut running, &sidecars);
        raise(&mut running, &starting);
        add(&mut running, &amounts(spec.overhead.as_ref()));
        Self {
            requests: running,
            ports: ports(&spec.containers),
        }
    }
}

/// The amounts of a map as the API writes it. What is no quantity was refused on the way in.
pub(crate) fn amounts(map: Option<&BTreeMap<String, Wire>>) -> Amounts {
    let read = |(name, amount): (&String, &Wire)| Some((name.clone(), amount.0.parse().ok()?));
    map.into_iter().flatten().filter_map(read).collect()
}

fn requests(container: &Container) -> Amounts {
    amounts(
        container
            .resources
            .as_ref()
            .and_then(|resources| resources.requests.as_ref()),
    )
}

pub(crate) fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let known = total.entry(name.clone()).or_default();
        *known = *known + *amount;
    }
}

/// Takes away what was added once.
pub(crate) fn subtract(total: &mut Amounts, less: &Amounts) {
    for (name, amount) in less {
        let known = total.entry(name.clone()).or_default();
        *known = *known - *amount;
    }
}

fn raise(total: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let known = total.entry(name.clone()).or_default();
        *known = (*known).max(*amount);
    }
}

fn ports(containers: &[Container]) -> Vec<(String, String, i32)> {
    let ports = containers
        .iter()
        .flat_map(|container| container.ports.iter().flatten());
    let on_node = ports.filter_map(|port| {
        let number = port.host_port.filter(|number| *number > 0)?;
        let address = port.host_ip.clone().unwrap_or_default();
        Some((address, port.protocol.clone().unwrap_or_default(), number))
    });
    on_node.collect()
}
