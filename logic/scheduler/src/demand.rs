//! What a pod asks of a node: resources and ports.

use k8s_openapi::api::core::v1::{Container, Pod};

use gantry_api::views::amounts::{self, Amounts, Side};

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
        let mut running = amounts::of_pod(spec, Side::Requests);
        amounts::add(&mut running, &amounts::read(spec.overhead.as_ref()));
        Self {
            requests: running,
            ports: ports(&spec.containers),
        }
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
