//! What must hold for a pod's specification.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::PodSpec;

use super::{affinity, check, container, env, meta, security, tolerations, volumes};

const DNS_POLICIES: [&str; 4] = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
const RESTART_POLICIES: [&str; 3] = ["Always", "Never", "OnFailure"];
const NAMESERVERS_MAX: usize = 3;

/// Checks a pod's specification, in a pod or in a template.
pub fn validate(spec: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    volumes::validate(
        spec.volumes.as_deref().unwrap_or(&[]),
        &path.field("volumes"),
        errors,
    );
    container::validate_all(spec, path, errors);
    words(spec, path, errors);
    names(spec, path, errors);
    if let Some(seconds) = spec.active_deadline_seconds {
        check::between(
            seconds,
            1,
            i32::MAX.into(),
            &path.field("activeDeadlineSeconds"),
            errors,
        );
    }
    if let Some(context) = &spec.security_context {
        security::of_pod(context, spec, &path.field("securityContext"), errors);
    }
    placement(spec, path, errors);
    dns(spec, path, errors);
    for (index, alias) in spec.host_aliases.iter().flatten().enumerate() {
        let path = path.field("hostAliases").index(index);
        check::ip(&alias.ip, &path.field("ip"), errors);
        for host in alias.hostnames.iter().flatten() {
            errors.named(&path.field("hostnames"), host, name::dns_subdomain);
        }
    }
}

/// What the writer of a specification should know although nothing is wrong.
#[must_use]
pub fn warnings(spec: &PodSpec, path: &FieldPath) -> Vec<String> {
    let mut told = Vec::new();
    let init = spec.init_containers.as_deref().unwrap_or(&[]);
    for (field, containers) in [("initContainers", init), ("containers", &spec.containers)] {
        for (index, container) in containers.iter().enumerate() {
            env::warnings(container, &path.field(field).index(index), &mut told);
        }
    }
    told
}

fn words(spec: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let restart = spec.restart_policy.as_deref();
    check::one_of(
        restart,
        &RESTART_POLICIES,
        &path.field("restartPolicy"),
        errors,
    );
    let dns = spec.dns_policy.as_deref();
    check::one_of(dns, &DNS_POLICIES, &path.field("dnsPolicy"), errors);
    let preemption = ["Never", "PreemptLowerPriority"];
    let policy = spec.preemption_policy.as_deref();
    check::maybe_one_of(policy, &preemption, &path.field("preemptionPolicy"), errors);
}

fn names(spec: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let fields: [(&str, &Option<String>, name::Rule); 6] = [
        (
            "serviceAccountName",
            &spec.service_account_name,
            name::dns_subdomain,
        ),
        ("nodeName", &spec.node_name, name::dns_subdomain),
        ("hostname", &spec.hostname, name::dns_label),
        ("subdomain", &spec.subdomain, name::dns_label),
        (
            "priorityClassName",
            &spec.priority_class_name,
            name::dns_subdomain,
        ),
        (
            "runtimeClassName",
            &spec.runtime_class_name,
            name::dns_subdomain,
        ),
    ];
    for (field, text, rule) in fields {
        if let Some(text) = text {
            errors.named(&path.field(field), text, rule);
        }
    }
    let mut gates = BTreeSet::new();
    for (index, gate) in spec.scheduling_gates.iter().flatten().enumerate() {
        let at = path.field("schedulingGates").index(index);
        errors.named(&at, &gate.name, name::qualified);
        if !gates.insert(&gate.name) {
            errors.duplicate(&at, &gate.name);
        }
    }
}

fn placement(spec: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(labels) = &spec.node_selector {
        meta::labels(labels, &path.field("nodeSelector"), errors);
    }
    if let Some(affinity) = &spec.affinity {
        affinity::validate(affinity, &path.field("affinity"), errors);
    }
    let tolerations = spec.tolerations.as_deref().unwrap_or(&[]);
    tolerations::validate(tolerations, &path.field("tolerations"), errors);
    let constraints = spec.topology_spread_constraints.as_deref().unwrap_or(&[]);
    affinity::spread(
        constraints,
        &path.field("topologySpreadConstraints"),
        errors,
    );
}

fn dns(spec: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let path = path.field("dnsConfig");
    let servers = spec
        .dns_config
        .as_ref()
        .and_then(|config| config.nameservers.as_deref());
    let servers = servers.unwrap_or(&[]);
    if spec.dns_policy.as_deref() == Some("None") {
        if spec.dns_config.is_none() {
            errors.required(&path, "must provide `dnsConfig` when `dnsPolicy` is None");
        } else if servers.is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            errors.required(&path.field("nameservers"), detail);
        }
    }
    if servers.len() > NAMESERVERS_MAX {
        let detail = format!("must not have more than {NAMESERVERS_MAX} nameservers");
        errors.invalid(&path.field("nameservers"), servers, detail);
    }
    for (index, server) in servers.iter().enumerate() {
        check::ip(server, &path.field("nameservers").index(index), errors);
    }
}
