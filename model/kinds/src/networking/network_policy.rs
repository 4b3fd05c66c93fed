//! `NetworkPolicy`: who may talk to a group of pods, and to whom they may talk.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::parts::{check, label_selector, ports};
use crate::rules::Rules;

const TYPES: [&str; 2] = ["Ingress", "Egress"];
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// Who may talk to a group of pods, and to whom they may talk.
#[derive(Debug)]
pub struct NetworkPolicies;

impl Kind for NetworkPolicies {
    type Object = NetworkPolicy;

    const SHORT: &'static [&'static str] = &["netpol"];
    const COLUMNS: &'static [Column<NetworkPolicy>] = &[
        Column::NAME,
        Column::text("Pod-Selector", "The pods it is about.", |policy, _| {
            let spec = policy.spec.as_ref();
            label_selector::shown(spec.and_then(|spec| spec.pod_selector.as_ref())).into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().counting(&[&["spec"]]);
    const UNSERVED: Option<&'static str> = Some("keep traffic from pods");

    fn default(policy: &mut NetworkPolicy) {
        default_spec(policy.spec.get_or_insert_default());
    }

    fn validate(policy: &NetworkPolicy, _old: Option<&NetworkPolicy>, errors: &mut FieldErrors) {
        if let Some(spec) = &policy.spec {
            validate_spec(spec, &"spec".into(), errors);
        }
    }
}

/// A policy always speaks of what comes in, and of what goes out if it has rules for that.
fn default_spec(spec: &mut NetworkPolicySpec) {
    spec.pod_selector.get_or_insert_default();
    let incoming = spec.ingress.iter_mut().flatten();
    let incoming = incoming.flat_map(|rule| rule.ports.iter_mut().flatten());
    let outgoing = spec.egress.iter_mut().flatten();
    let outgoing = outgoing.flat_map(|rule| rule.ports.iter_mut().flatten());
    for port in incoming.chain(outgoing) {
        fill(&mut port.protocol, "TCP");
    }
    if spec.policy_types.as_ref().is_none_or(Vec::is_empty) {
        let speaks_of_egress = spec.egress.as_ref().is_some_and(|rules| !rules.is_empty());
        let count = if speaks_of_egress { 2 } else { 1 };
        let types = TYPES[..count].iter().map(|word| (*word).to_owned());
        spec.policy_types = Some(types.collect());
    }
}

fn validate_spec(spec: &NetworkPolicySpec, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(selector) = &spec.pod_selector {
        label_selector::validate(selector, &path.field("podSelector"), errors);
    }
    for (index, rule) in spec.ingress.iter().flatten().enumerate() {
        let path = path.field("ingress").index(index);
        validate_ports(rule.ports.as_deref(), &path.field("ports"), errors);
        validate_peers(rule.from.as_deref(), &path.field("from"), errors);
    }
    for (index, rule) in spec.egress.iter().flatten().enumerate() {
        let path = path.field("egress").index(index);
        validate_ports(rule.ports.as_deref(), &path.field("ports"), errors);
        validate_peers(rule.to.as_deref(), &path.field("to"), errors);
    }
    let path = path.field("policyTypes");
    let types = spec.policy_types.as_deref().unwrap_or(&[]);
    if types.len() > TYPES.len() {
        errors.invalid(&path, types, "may not specify more than two policyTypes");
        return;
    }
    for (index, word) in types.iter().enumerate() {
        if !TYPES.contains(&word.as_str()) {
            errors.not_supported(&path.index(index), word, &TYPES);
        }
    }
}

fn validate_ports(list: Option<&[NetworkPolicyPort]>, path: &FieldPath, errors: &mut FieldErrors) {
    for (index, port) in list.unwrap_or(&[]).iter().enumerate() {
        let path = path.index(index);
        let protocol = port.protocol.as_deref();
        check::maybe_one_of(protocol, &PROTOCOLS, &path.field("protocol"), errors);
        validate_port(port, &path, errors);
    }
}

fn validate_port(port: &NetworkPolicyPort, path: &FieldPath, errors: &mut FieldErrors) {
    let (at, end_at) = (path.field("port"), path.field("endPort"));
    match (&port.port, port.end_port) {
        (Some(IntOrString::Int(first)), end) => {
            ports::number(*first, &at, errors);
            let Some(last) = end else { return };
            if last < *first {
                errors.invalid(&end_at, last, "must be greater than or equal to `port`");
            }
            ports::number(last, &end_at, errors);
        }
        (Some(IntOrString::String(named)), end) => {
            if let Some(last) = end {
                let detail = "may not be specified when `port` is non-numeric";
                errors.invalid(&end_at, last, detail);
            }
            errors.named(&at, named, name::port_name);
        }
        (None, Some(last)) => {
            let detail = "may not be specified when `port` is not specified";
            errors.invalid(&end_at, last, detail);
        }
        (None, None) => {}
    }
}

fn validate_peers(list: Option<&[NetworkPolicyPeer]>, path: &FieldPath, errors: &mut FieldErrors) {
    for (index, peer) in list.unwrap_or(&[]).iter().enumerate() {
        validate_peer(peer, &path.index(index), errors);
    }
}

fn validate_peer(peer: &NetworkPolicyPeer, path: &FieldPath, errors: &mut FieldErrors) {
    let selectors = [
        ("podSelector", &peer.pod_selector),
        ("namespaceSelector", &peer.namespace_selector),
    ];
    let mut is_selected = false;
    for (field, selector) in selectors {
        if let Some(selector) = selector {
            is_selected = true;
            label_selector::validate(selector, &path.field(field), errors);
        }
    }
    match &peer.ip_block {
        Some(block) => {
            validate_block(block, &path.field("ipBlock"), errors);
            if is_selected {
                errors.forbidden(path, "may not specify both ipBlock and another peer");
            }
        }
        None if is_selected => {}
        None => errors.required(path, "must specify a peer"),
    }
}

fn validate_block(block: &IPBlock, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("cidr");
    if block.cidr.is_empty() {
        errors.required(&at, "");
        return;
    }
    let Some(range) = check::cidr(&block.cidr, &at, errors) else {
        return;
    };
    for (index, except) in block.except.iter().flatten().enumerate() {
        let at = path.field("except").index(index);
        let Some(inner) = check::cidr(except, &at, errors) else {
            continue;
        };
        if !inner.is_within(range) {
            errors.invalid(&at, except, "must be a strict subset of `cidr`");
        }
    }
}
