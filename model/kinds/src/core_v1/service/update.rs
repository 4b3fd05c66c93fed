//! What changes with a service's type, and what may not change at all.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};

use super::single_address;

/// Carries over what a client left out because it was given out by the server, and drops what the
/// new type has no use for.
pub(super) fn prepare(new: &mut ServiceSpec, old: &ServiceSpec) {
    if has_cluster_ip(new) && has_cluster_ip(old) {
        keep_addresses(new, old);
    }
    if has_node_ports(new) && has_node_ports(old) {
        keep_node_ports(new, old);
    }
    drop_for_type(new, old);
    single_address(new);
}

/// Whether services of this type have an address in the cluster.
fn has_cluster_ip(spec: &ServiceSpec) -> bool {
    spec.type_.as_deref() != Some("ExternalName")
}

fn has_node_ports(spec: &ServiceSpec) -> bool {
    matches!(spec.type_.as_deref(), Some("NodePort" | "LoadBalancer"))
}

fn keep_addresses(new: &mut ServiceSpec, old: &ServiceSpec) {
    let asked = new
        .cluster_ips
        .as_ref()
        .is_some_and(|list| !list.is_empty());
    if new.cluster_ip.is_none() && !asked {
        new.cluster_ip.clone_from(&old.cluster_ip);
    }
    if new.cluster_ip == old.cluster_ip && !asked {
        new.cluster_ips.clone_from(&old.cluster_ips);
    }
    if new.ip_families.as_ref().is_none_or(Vec::is_empty) {
        new.ip_families.clone_from(&old.ip_families);
    }
    if new.ip_family_policy.is_none() {
        new.ip_family_policy.clone_from(&old.ip_family_policy);
    }
}

fn keep_node_ports(new: &mut ServiceSpec, old: &ServiceSpec) {
    let known = old.ports.as_deref().unwrap_or(&[]);
    let mut taken: Vec<i32> = new
        .ports
        .iter()
        .flatten()
        .filter_map(|port| port.node_port)
        .collect();
    for port in new
        .ports
        .iter_mut()
        .flatten()
        .filter(|port| port.node_port.is_none())
    {
        let same =
            |other: &&ServicePort| other.port == port.port && other.protocol == port.protocol;
        let before = known.iter().find(same).and_then(|other| other.node_port);
        if let Some(number) = before.filter(|number| !taken.contains(number)) {
            port.node_port = Some(number);
            taken.push(number);
        }
    }
    if new.health_check_node_port.is_none() && needs_health_check(new) {
        new.health_check_node_port = old.health_check_node_port;
    }
}

fn needs_health_check(spec: &ServiceSpec) -> bool {
    spec.type_.as_deref() == Some("LoadBalancer")
        && spec.external_traffic_policy.as_deref() == Some("Local")
}

/// Drops fields that came with the old type, unless the client has just set them anew.
fn drop_for_type(new: &mut ServiceSpec, old: &ServiceSpec) {
    if has_cluster_ip(old) && !has_cluster_ip(new) {
        if new.cluster_ip == old.cluster_ip {
            new.cluster_ip = None;
            new.cluster_ips = None;
        }
        new.ip_families = None;
        new.ip_family_policy = None;
        new.internal_traffic_policy = None;
    }
    if has_node_ports(old) && !has_node_ports(new) {
        drop_node_ports(new, old);
        if new.external_ips.as_ref().is_none_or(Vec::is_empty) {
            new.external_traffic_policy = None;
        }
    }
    if needs_health_check(old) && !needs_health_check(new) {
        new.health_check_node_port = None;
    }
    if old.type_.as_deref() == Some("LoadBalancer") && new.type_.as_deref() != Some("LoadBalancer")
    {
        new.allocate_load_balancer_node_ports = None;
        if new.load_balancer_class == old.load_balancer_class {
            new.load_balancer_class = None;
        }
    }
    if !has_cluster_ip(old) && has_cluster_ip(new) && new.external_name == old.external_name {
        new.external_name = None;
    }
}

fn drop_node_ports(new: &mut ServiceSpec, old: &ServiceSpec) {
    let known: Vec<i32> = old
        .ports
        .iter()
        .flatten()
        .filter_map(|port| port.node_port)
        .collect();
    for port in new.ports.iter_mut().flatten() {
        port.node_port = port.node_port.filter(|number| !known.contains(number));
    }
}

/// Checks what may not change.
pub(super) fn validate(new: &ServiceSpec, old: &ServiceSpec, errors: &mut FieldErrors) {
    let path = FieldPath::new("spec");
    if has_cluster_ip(new) && has_cluster_ip(old) {
        addresses(new, old, &path, errors);
    }
    let both = new.type_.as_deref() == Some("LoadBalancer")
        && old.type_.as_deref() == Some("LoadBalancer");
    if both && new.load_balancer_class != old.load_balancer_class {
        let detail = "may not change once set";
        errors.invalid(
            &path.field("loadBalancerClass"),
            &new.load_balancer_class,
            detail,
        );
    }
}

fn addresses(new: &ServiceSpec, old: &ServiceSpec, path: &FieldPath, errors: &mut FieldErrors) {
    if old.cluster_ip.is_none() {
        return;
    }
    if new.cluster_ip != old.cluster_ip {
        errors.invalid(
            &path.field("clusterIPs").index(0),
            new.cluster_ips.as_deref().unwrap_or(&[]),
            "may not change once set",
        );
    }
    let (new, old) = (new.ip_families.as_deref(), old.ip_families.as_deref());
    if let (Some([first, ..]), Some([before, ..])) = (new, old)
        && first != before
    {
        errors.invalid(
            &path.field("ipFamilies").index(0),
            first,
            "may not change once set",
        );
    }
}
