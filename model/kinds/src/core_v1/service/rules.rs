//! What is legal for a service of each type.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::parts::{check, meta, ports};

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
/// A client may stay with its pod for a day at most.
const STICKY_SECONDS_MAX: i32 = 86_400;

/// Checks a specification whose defaults have been filled in.
pub(super) fn validate(spec: &ServiceSpec, errors: &mut FieldErrors) {
    let path = FieldPath::new("spec");
    let kind = spec.type_.as_deref().unwrap_or("");
    check::one_of(Some(kind), &TYPES, &path.field("type"), errors);
    of_type(spec, kind, &path, errors);
    validate_ports(spec, kind, &path, errors);
    if let Some(labels) = &spec.selector {
        meta::labels(labels, &path.field("selector"), errors);
    }
    affinity(spec, &path, errors);
    policies(spec, kind, &path, errors);
    for (index, address) in spec.external_ips.iter().flatten().enumerate() {
        check::ip(address, &path.field("externalIPs").index(index), errors);
    }
    let ranges = spec.load_balancer_source_ranges.iter().flatten();
    for (index, range) in ranges.enumerate() {
        let at = path.field("loadBalancerSourceRanges").index(index);
        check::cidr(range.trim(), &at, errors);
    }
    addresses(spec, kind, &path, errors);
}

fn of_type(spec: &ServiceSpec, kind: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let headless = spec.cluster_ip.as_deref() == Some("None");
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {kind} services");
            errors.invalid(&path.field("clusterIPs").index(0), "None", detail);
        }
        "ExternalName" => external_name(spec, path, errors),
        _ => {}
    }
    let several = spec.ports.as_ref().is_none_or(Vec::is_empty);
    if several && !headless && kind != "ExternalName" {
        errors.required(&path.field("ports"), "");
    }
}

fn external_name(spec: &ServiceSpec, path: &FieldPath, errors: &mut FieldErrors) {
    if spec.cluster_ip.is_some() {
        let detail = "may not be set when `type` is 'ExternalName'";
        errors.forbidden(&path.field("clusterIPs"), detail);
    }
    let at = path.field("externalName");
    match spec.external_name.as_deref().unwrap_or("") {
        "" => errors.required(&at, ""),
        host => errors.named(
            &at,
            host.strip_suffix('.').unwrap_or(host),
            name::dns_subdomain,
        ),
    }
}

fn validate_ports(spec: &ServiceSpec, kind: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let ports = spec.ports.as_deref().unwrap_or(&[]);
    let mut names = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = path.field("ports").index(index);
        port_name(port, ports.len() > 1, &mut names, &path, errors);
        ports::number(port.port, &path.field("port"), errors);
        let protocol = port.protocol.as_deref();
        check::one_of(protocol, &ports::PROTOCOLS, &path.field("protocol"), errors);
        if let Some(target) = &port.target_port {
            target_port(target, &path.field("targetPort"), errors);
        }
        if port.node_port.is_some() && matches!(kind, "ClusterIP" | "ExternalName") {
            let detail = format!("may not be used when `type` is '{kind}'");
            errors.forbidden(&path.field("nodePort"), detail);
        }
        taken_before(port, &ports[..index], &path, errors);
    }
}

fn target_port(target: &IntOrString, path: &FieldPath, errors: &mut FieldErrors) {
    ports::number_or_name(target, path, errors);
}

fn port_name<'a>(
    port: &'a ServicePort,
    several: bool,
    names: &mut BTreeSet<&'a str>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let at = path.field("name");
    match port.name.as_deref().unwrap_or("") {
        "" if several => errors.required(&at, ""),
        "" => {}
        name => {
            errors.named(&at, name, name::dns_label);
            if !names.insert(name) {
                errors.duplicate(&at, name);
            }
        }
    }
}

fn taken_before(
    port: &ServicePort,
    before: &[ServicePort],
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let protocol = port.protocol.as_deref().unwrap_or("");
    let same_port =
        |other: &ServicePort| other.port == port.port && other.protocol == port.protocol;
    if before.iter().any(same_port) {
        let shown = serde_json::json!({ "port": port.port, "protocol": protocol });
        errors.duplicate(path, shown);
    }
    let same_node_port = |other: &ServicePort| {
        port.node_port.is_some()
            && other.node_port == port.node_port
            && other.protocol == port.protocol
    };
    if before.iter().any(same_node_port) {
        errors.duplicate(&path.field("nodePort"), port.node_port);
    }
}

fn affinity(spec: &ServiceSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let known = ["ClientIP", "None"];
    let affinity = spec.session_affinity.as_deref();
    check::one_of(affinity, &known, &path.field("sessionAffinity"), errors);
    let config = spec.session_affinity_config.as_ref();
    let client = config.and_then(|config| config.client_ip.as_ref());
    let seconds = client.and_then(|client| client.timeout_seconds);
    if let Some(seconds) = seconds.filter(|seconds| !(1..=STICKY_SECONDS_MAX).contains(seconds)) {
        let at = path
            .field("sessionAffinityConfig")
            .field("clientIP")
            .field("timeoutSeconds");
        let detail = format!("must be greater than 0 and less than {STICKY_SECONDS_MAX}");
        errors.invalid(&at, seconds, detail);
    }
}

fn policies(spec: &ServiceSpec, kind: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let known = ["Cluster", "Local"];
    let at = path.field("externalTrafficPolicy");
    let external = spec.external_traffic_policy.as_deref();
    check::maybe_one_of(external, &known, &at, errors);
    let reachable = matches!(kind, "NodePort" | "LoadBalancer")
        || spec
            .external_ips
            .as_ref()
            .is_some_and(|list| !list.is_empty());
    if let Some(policy) = external.filter(|_| !reachable) {
        let detail = "may only be set for externally-accessible services";
        errors.invalid(&at, policy, detail);
    }
    let internal = spec.internal_traffic_policy.as_deref();
    check::maybe_one_of(
        internal,
        &known,
        &path.field("internalTrafficPolicy"),
        errors,
    );
    if spec.allocate_load_balancer_node_ports.is_some() && kind != "LoadBalancer" {
        let detail = "may only be used when `type` is 'LoadBalancer'";
        errors.forbidden(&path.field("allocateLoadBalancerNodePorts"), detail);
    }
    if spec.load_balancer_class.is_some() && kind != "LoadBalancer" {
        let detail = "may only be used when `type` is 'LoadBalancer'";
        errors.forbidden(&path.field("loadBalancerClass"), detail);
    }
}

fn addresses(spec: &ServiceSpec, kind: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if kind == "ExternalName" {
        return;
    }
    let at = path.field("clusterIPs");
    let list = spec.cluster_ips.as_deref().unwrap_or(&[]);
    check_count(list, &at, errors);
    for (index, address) in list.iter().enumerate() {
        match address.as_str() {
            "None" if index == 0 => {}
            "None" => errors.invalid(
                &at.index(index),
                address,
                "'None' must be the first and only value",
            ),
            address => drop(check::ip(address, &at.index(index), errors)),
        }
    }
    if let (Some(one), Some(first)) = (&spec.cluster_ip, list.first())
        && one != first
    {
        errors.invalid(&at, list, "first value must match `clusterIP`");
    }
    let families = ["IPv4", "IPv6"];
    for (index, family) in spec.ip_families.iter().flatten().enumerate() {
        let at = path.field("ipFamilies").index(index);
        check::one_of(Some(family), &families, &at, errors);
    }
    let known = ["PreferDualStack", "RequireDualStack", "SingleStack"];
    let policy = spec.ip_family_policy.as_deref();
    check::maybe_one_of(policy, &known, &path.field("ipFamilyPolicy"), errors);
}

fn check_count(list: &[String], path: &FieldPath, errors: &mut FieldErrors) {
    if list.len() > 2 {
        errors.invalid(path, list, "may only hold up to 2 values");
    }
}
