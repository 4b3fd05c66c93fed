//! What a service takes from the quotas of its namespace, beside being one.

use gantry_base::Quantity;
use k8s_openapi::api::core::v1::Service;

use crate::cost::Cost;

/// Load balancers in front of the cluster.
pub(super) const BALANCERS: &str = "services.loadbalancers";
/// Ports on every node.
pub(super) const PORTS: &str = "services.nodeports";

/// What the service takes.
pub(super) fn of(service: &Service) -> Cost {
    let Some(spec) = &service.spec else {
        return Cost::default();
    };
    let ports = spec.ports.as_deref().unwrap_or(&[]);
    let named = ports.iter().filter(|port| port.node_port.unwrap_or(0) > 0);
    let count = |count: usize| Quantity::units(i64::try_from(count).unwrap_or(i64::MAX));
    match spec.type_.as_deref() {
        Some("NodePort") => Cost::default().and(PORTS, count(ports.len())),
        Some("LoadBalancer") => {
            let chosen = if spec.allocate_load_balancer_node_ports == Some(false) {
                named.count()
            } else {
                ports.len()
            };
            Cost::one(BALANCERS).and(PORTS, count(chosen))
        }
        _ => Cost::default(),
    }
}
