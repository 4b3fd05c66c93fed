//! `Service`: one steady address for a changing set of pods.
//!
//! Addresses and node ports are given out by the registry's allocators; this file says what is
//! asked for, and what is legal.

mod columns;
mod cost;
mod rules;
#[cfg(test)]
mod tests;
mod update;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::{Timestamp, name};
use k8s_openapi::api::core::v1::{
    ClientIPConfig, LoadBalancerStatus, Service, ServicePort, ServiceSpec, ServiceStatus,
    SessionAffinityConfig,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::column::Column;
use crate::cost::{Cost, Counted};
use crate::descriptor::SelectableField;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::rules::Rules;
use crate::subresource::Subresource;

/// How long a client stays with its pod, in seconds.
const STICKY_SECONDS: i32 = 10_800;

/// One steady address for a changing set of pods.
#[derive(Debug)]
pub struct Services;

impl Kind for Services {
    type Object = Service;

    const SHORT: &'static [&'static str] = &["svc"];
    const CATEGORIES: &'static [&'static str] = &["all"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Proxy, Subresource::Status];
    const COLUMNS: &'static [Column<Service>] = columns::COLUMNS;
    const RULES: Rules = Rules::new()
        .with_status()
        .created_by_update()
        .counted(Counted::ByPlural);
    const FIELDS: &'static [SelectableField] = &[
        SelectableField {
            label: "spec.clusterIP",
            read: |service: &Object| service.text(&["spec", "clusterIP"]).to_owned(),
        },
        SelectableField {
            label: "spec.type",
            read: |service: &Object| service.text(&["spec", "type"]).to_owned(),
        },
    ];
    const NAME: name::Rule = name::dns1035_label;

    fn default(service: &mut Service) {
        default_spec(service.spec.get_or_insert_default());
        let status = service.status.get_or_insert_default();
        status.load_balancer.get_or_insert_default();
    }

    fn prepare(service: &mut Service, old: Option<&Service>) {
        match (&mut service.spec, old.and_then(|old| old.spec.as_ref())) {
            (Some(new), Some(old)) => update::prepare(new, old),
            (Some(new), None) => single_address(new),
            (None, _) => {}
        }
        if old.is_none() {
            service.status = Some(ServiceStatus {
                load_balancer: Some(LoadBalancerStatus::default()),
                ..ServiceStatus::default()
            });
        }
    }

    fn takes(resource: &str) -> bool {
        [cost::BALANCERS, cost::PORTS].contains(&resource)
    }

    fn cost(service: &Service, _now: Timestamp) -> Cost {
        cost::of(service)
    }

    fn validate(service: &Service, old: Option<&Service>, errors: &mut FieldErrors) {
        let none = ServiceSpec::default();
        let spec = service.spec.as_ref().unwrap_or(&none);
        rules::validate(spec, errors);
        if let Some(old) = old.and_then(|old| old.spec.as_ref()) {
            update::validate(spec, old, errors);
        }
    }
}

fn default_spec(spec: &mut ServiceSpec) {
    fill(&mut spec.session_affinity, "None");
    fill(&mut spec.type_, "ClusterIP");
    default_affinity(spec);
    spec.ports.iter_mut().flatten().for_each(default_port);
    let kind = spec.type_.clone().unwrap_or_default();
    let external = matches!(kind.as_str(), "NodePort" | "LoadBalancer")
        || kind == "ClusterIP"
            && spec
                .external_ips
                .as_ref()
                .is_some_and(|list| !list.is_empty());
    if external {
        fill(&mut spec.external_traffic_policy, "Cluster");
    }
    if kind != "ExternalName" {
        fill(&mut spec.internal_traffic_policy, "Cluster");
    }
    if kind == "LoadBalancer" {
        spec.allocate_load_balancer_node_ports.get_or_insert(true);
    }
    drop_empty(spec);
}

fn default_affinity(spec: &mut ServiceSpec) {
    if spec.session_affinity.as_deref() == Some("ClientIP") {
        let config = spec
            .session_affinity_config
            .get_or_insert_with(SessionAffinityConfig::default);
        let client = config.client_ip.get_or_insert_with(ClientIPConfig::default);
        client.timeout_seconds.get_or_insert(STICKY_SECONDS);
    } else if spec.session_affinity.as_deref() == Some("None") {
        spec.session_affinity_config = None;
    }
}

/// A port leads to the port of the same number unless it says otherwise.
fn default_port(port: &mut ServicePort) {
    fill(&mut port.protocol, "TCP");
    let absent = match &port.target_port {
        None => true,
        Some(IntOrString::Int(number)) => *number == 0,
        Some(IntOrString::String(name)) => name.is_empty(),
    };
    if absent {
        port.target_port = Some(IntOrString::Int(port.port));
    }
    port.node_port = port.node_port.filter(|port| *port != 0);
    port.name = port.name.take().filter(|name| !name.is_empty());
}

fn drop_empty(spec: &mut ServiceSpec) {
    let texts = [
        &mut spec.cluster_ip,
        &mut spec.external_name,
        &mut spec.load_balancer_ip,
    ];
    for text in texts {
        *text = text.take().filter(|text| !text.is_empty());
    }
    spec.publish_not_ready_addresses = spec.publish_not_ready_addresses.filter(|publish| *publish);
    spec.health_check_node_port = spec.health_check_node_port.filter(|port| *port != 0);
    spec.selector = spec.selector.take().filter(|labels| !labels.is_empty());
}

/// One address is shown in both places where addresses are shown.
fn single_address(spec: &mut ServiceSpec) {
    match (&spec.cluster_ip, spec.cluster_ips.as_deref().unwrap_or(&[])) {
        (Some(one), []) => spec.cluster_ips = Some(vec![one.clone()]),
        (None, [first, ..]) => spec.cluster_ip = Some(first.clone()),
        (Some(_), [_, ..]) | (None, []) => {}
    }
}
