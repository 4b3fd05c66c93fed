//! What `kubectl get services` shows.

use k8s_openapi::api::core::v1::{LoadBalancerIngress, Service, ServicePort, ServiceSpec};
use serde_json::Value;

use crate::column::Column;
use crate::parts::cell;

pub(super) const COLUMNS: &[Column<Service>] = &[
    Column::NAME,
    Column::text("Type", "How the service can be reached.", |service, _| {
        spec(service, |spec| spec.type_.as_deref())
    }),
    Column::text(
        "Cluster-IP",
        "Its address within the cluster.",
        |service, _| spec(service, |spec| spec.cluster_ip.as_deref()),
    ),
    Column::text(
        "External-IP",
        "Its addresses outside of the cluster.",
        |service, _| cell::or_none(&external(service)),
    ),
    Column::text(
        "Port(s)",
        "Its ports, and the ports of nodes that lead to them.",
        |service, _| ports(service),
    ),
    Column::AGE,
    Column::text(
        "Selector",
        "The labels of the pods behind it.",
        |service, _| selector(service),
    )
    .wide(),
];

fn spec(service: &Service, text: fn(&ServiceSpec) -> Option<&str>) -> Value {
    cell::or_none(service.spec.as_ref().and_then(text).unwrap_or(""))
}

fn selector(service: &Service) -> Value {
    cell::labels(
        service
            .spec
            .iter()
            .flat_map(|spec| spec.selector.iter().flatten()),
    )
}

fn external(service: &Service) -> String {
    let Some(spec) = &service.spec else {
        return String::new();
    };
    let fixed = spec.external_ips.as_deref().unwrap_or(&[]);
    match spec.type_.as_deref().unwrap_or("") {
        "ExternalName" => spec.external_name.clone().unwrap_or_default(),
        "LoadBalancer" => {
            let given = balancer_addresses(service);
            match (given.is_empty(), fixed.is_empty()) {
                (true, true) => "<pending>".to_owned(),
                (_, true) => given.join(","),
                (true, false) => fixed.join(","),
                (false, false) => format!("{},{}", given.join(","), fixed.join(",")),
            }
        }
        _ => fixed.join(","),
    }
}

fn balancer_addresses(service: &Service) -> Vec<&str> {
    let balancer = service
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref());
    let entries = balancer
        .iter()
        .flat_map(|balancer| balancer.ingress.iter().flatten());
    entries.filter_map(address).collect()
}

fn address(entry: &LoadBalancerIngress) -> Option<&str> {
    entry.ip.as_deref().or(entry.hostname.as_deref())
}

fn ports(service: &Service) -> Value {
    let ports = service
        .spec
        .iter()
        .flat_map(|spec| spec.ports.iter().flatten());
    let shown: Vec<String> = ports.map(port).collect();
    cell::or_none(&shown.join(","))
}

fn port(port: &ServicePort) -> String {
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    match port.node_port {
        Some(node_port) => format!("{}:{node_port}/{protocol}", port.port),
        None => format!("{}/{protocol}", port.port),
    }
}
