//! What a node may do: read what all nodes read, and touch what is its own.
//!
//! A node reads a secret or a config map only while a pod that refers to it is bound to it.

use serde_json::Value;

use gantry_api::{Caller, GroupResource, Object, ObjectKey};
use gantry_store::Snapshot;

use crate::attributes::{Attributes, ResourceTarget, Target};
use crate::authorizer::Decision;

const GROUP: &str = "system:nodes";
const PREFIX: &str = "system:node:";

const READ: &[&str] = &["get", "list", "watch"];

/// What all nodes may do, as (group, resource, subresource, verbs); what concerns single objects
/// is decided by admission, which sees them.
const COMMON: &[(&str, &str, &str, &[&str])] = &[
    ("", "endpoints", "", READ),
    ("", "events", "", &["create", "patch", "update"]),
    (
        "",
        "nodes",
        "",
        &["create", "get", "list", "patch", "update", "watch"],
    ),
    ("", "nodes", "status", &["patch", "update"]),
    ("", "pods", "", &["delete", "get", "list", "watch"]),
    ("", "pods", "eviction", &["create"]),
    ("", "pods", "status", &["patch", "update"]),
    ("", "services", "", READ),
    ("authentication.k8s.io", "tokenreviews", "", &["create"]),
    (
        "authorization.k8s.io",
        "localsubjectaccessreviews",
        "",
        &["create"],
    ),
    (
        "authorization.k8s.io",
        "subjectaccessreviews",
        "",
        &["create"],
    ),
    (
        "certificates.k8s.io",
        "certificatesigningrequests",
        "",
        &["create", "get", "list", "watch"],
    ),
    (
        "coordination.k8s.io",
        "leases",
        "",
        &["create", "delete", "get", "patch", "update"],
    ),
    ("discovery.k8s.io", "endpointslices", "", READ),
    (
        "events.k8s.io",
        "events",
        "",
        &["create", "patch", "update"],
    ),
    ("node.k8s.io", "runtimeclasses", "", READ),
    ("storage.k8s.io", "csidrivers", "", READ),
    (
        "storage.k8s.io",
        "csinodes",
        "",
        &["create", "delete", "get", "patch", "update"],
    ),
];

/// The name of the node that the caller is, if it is one.
#[must_use]
pub fn name(caller: &Caller) -> Option<&str> {
    caller
        .user
        .strip_prefix(PREFIX)
        .filter(|name| !name.is_empty() && caller.is_in(GROUP))
}

/// Whether the node `name` may do this; nothing when other rules are to decide.
pub(crate) fn authorize(
    name: &str,
    attributes: &Attributes<'_>,
    snapshot: &Snapshot,
) -> Option<Decision> {
    let Target::Resource(target) = attributes.target else {
        return None;
    };
    let is_common = COMMON.iter().any(|(group, resource, subresource, verbs)| {
        target.group == *group
            && target.resource == *resource
            && target.subresource == *subresource
            && verbs.contains(&attributes.verb)
    });
    if is_common {
        return Some(Decision::Allow("node: all nodes may do this".to_owned()));
    }
    match (target.group, target.resource, target.subresource) {
        ("", "secrets" | "configmaps", "") if READ.contains(&attributes.verb) => {
            Some(through_pods(name, &target, snapshot, refers_to))
        }
        ("", "serviceaccounts", "token") if attributes.verb == "create" => {
            Some(through_pods(name, &target, snapshot, runs_as))
        }
        _ => None,
    }
}

fn through_pods(
    node: &str,
    target: &ResourceTarget<'_>,
    snapshot: &Snapshot,
    relates: fn(&Object, &ResourceTarget<'_>) -> bool,
) -> Decision {
    let wanted = match target.name {
        "" => target
            .field_selector
            .strip_prefix("metadata.name=")
            .unwrap_or(""),
        name => name,
    };
    let target = ResourceTarget {
        name: wanted,
        ..*target
    };
    let prefix = ObjectKey::prefix(&GroupResource::new("", "pods"), Some(target.namespace));
    let bound = |pod: &Object| pod.text(&["spec", "nodeName"]) == node;
    let mut pods = snapshot
        .range(&prefix, None)
        .filter(|(_, stored)| {
            let known = stored.value.summary().fields.get("spec.nodeName");
            known.is_none_or(|known| known == node)
        })
        .map(|(_, stored)| stored.value.object(stored.modified));
    if !wanted.is_empty() && pods.any(|pod| bound(&pod) && relates(&pod, &target)) {
        return Decision::Allow("node: one of its pods refers to this object".to_owned());
    }
    Decision::Deny(format!(
        "no relationship found between node {node:?} and this object: none of its pods refers to it"
    ))
}

fn runs_as(pod: &Object, target: &ResourceTarget<'_>) -> bool {
    pod.text(&["spec", "serviceAccountName"]) == target.name
}

/// Whether a pod refers to a secret or a config map: in a volume, an environment, or to pull.
fn refers_to(pod: &Object, target: &ResourceTarget<'_>) -> bool {
    let fields: &[&str] = match target.resource {
        "secrets" => &["secret", "secretRef", "secretKeyRef", "imagePullSecrets"],
        _ => &["configMap", "configMapRef", "configMapKeyRef"],
    };
    pod.at(&["spec"])
        .is_some_and(|spec| mentions(spec, fields, target.name))
}

/// Whether somewhere below `value` a field called like one of `fields` names `name`.
fn mentions(value: &Value, fields: &[&str], name: &str) -> bool {
    let names = |value: &Value| {
        ["name", "secretName"]
            .iter()
            .any(|field| value.get(field).and_then(Value::as_str) == Some(name))
    };
    match value {
        Value::Object(members) => members.iter().any(|(field, value)| {
            let is_reference = fields.contains(&field.as_str());
            let is_named = value
                .as_array()
                .map_or_else(|| names(value), |items| items.iter().any(names));
            (is_reference && is_named) || mentions(value, fields, name)
        }),
        Value::Array(items) => items.iter().any(|item| mentions(item, fields, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
