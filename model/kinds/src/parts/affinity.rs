//! Where a pod wants to be: affinity to nodes and to other pods, and spreading.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{
    Affinity, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm,
    PodAffinityTerm, TopologySpreadConstraint, WeightedPodAffinityTerm,
};

use super::{check, label_selector};

/// Checks all three kinds of affinity.
pub fn validate(affinity: &Affinity, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(node) = &affinity.node_affinity {
        of_nodes(node, &path.field("nodeAffinity"), errors);
    }
    if let Some(pod) = &affinity.pod_affinity {
        let path = path.field("podAffinity");
        let required = pod
            .required_during_scheduling_ignored_during_execution
            .as_deref();
        let preferred = pod
            .preferred_during_scheduling_ignored_during_execution
            .as_deref();
        of_pods(required, preferred, &path, errors);
    }
    if let Some(pod) = &affinity.pod_anti_affinity {
        let path = path.field("podAntiAffinity");
        let required = pod
            .required_during_scheduling_ignored_during_execution
            .as_deref();
        let preferred = pod
            .preferred_during_scheduling_ignored_during_execution
            .as_deref();
        of_pods(required, preferred, &path, errors);
    }
}

fn of_nodes(affinity: &NodeAffinity, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(required) = &affinity.required_during_scheduling_ignored_during_execution {
        let path = path.field("requiredDuringSchedulingIgnoredDuringExecution");
        node_selector(required, &path, errors);
    }
    let preferred = affinity
        .preferred_during_scheduling_ignored_during_execution
        .iter()
        .flatten();
    for (index, term) in preferred.enumerate() {
        let path = path
            .field("preferredDuringSchedulingIgnoredDuringExecution")
            .index(index);
        weight(term.weight, &path, errors);
        node_term(&term.preference, &path.field("preference"), errors);
    }
}

/// Checks a choice of nodes.
pub fn node_selector(selector: &NodeSelector, path: &FieldPath, errors: &mut FieldErrors) {
    let path = path.field("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        errors.required(&path, "must have at least one node selector term");
    }
    for (index, term) in selector.node_selector_terms.iter().enumerate() {
        node_term(term, &path.index(index), errors);
    }
}

fn node_term(term: &NodeSelectorTerm, path: &FieldPath, errors: &mut FieldErrors) {
    for (index, requirement) in term.match_expressions.iter().flatten().enumerate() {
        let path = path.field("matchExpressions").index(index);
        node_requirement(requirement, &path, errors);
        errors.named(&path.field("key"), &requirement.key, name::qualified);
    }
    for (index, requirement) in term.match_fields.iter().flatten().enumerate() {
        let path = path.field("matchFields").index(index);
        if requirement.key != "metadata.name" {
            errors.invalid(
                &path.field("key"),
                &requirement.key,
                "not a valid field selector key",
            );
        }
    }
}

fn node_requirement(
    requirement: &NodeSelectorRequirement,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let values = requirement.values.as_deref().unwrap_or(&[]);
    let at = path.field("values");
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            errors.required(&at, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.forbidden(&at, detail);
        }
        "Gt" | "Lt" if values.len() != 1 => {
            let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            errors.required(&at, detail);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.invalid(
            &path.field("operator"),
            other,
            "not a valid selector operator",
        ),
    }
}

fn of_pods(
    required: Option<&[PodAffinityTerm]>,
    preferred: Option<&[WeightedPodAffinityTerm]>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    for (index, term) in required.unwrap_or(&[]).iter().enumerate() {
        let path = path
            .field("requiredDuringSchedulingIgnoredDuringExecution")
            .index(index);
        pod_term(term, &path, errors);
    }
    for (index, term) in preferred.unwrap_or(&[]).iter().enumerate() {
        let path = path
            .field("preferredDuringSchedulingIgnoredDuringExecution")
            .index(index);
        weight(term.weight, &path, errors);
        pod_term(
            &term.pod_affinity_term,
            &path.field("podAffinityTerm"),
            errors,
        );
    }
}

fn pod_term(term: &PodAffinityTerm, path: &FieldPath, errors: &mut FieldErrors) {
    for (field, selector) in [
        ("labelSelector", &term.label_selector),
        ("namespaceSelector", &term.namespace_selector),
    ] {
        if let Some(selector) = selector {
            label_selector::validate(selector, &path.field(field), errors);
        }
    }
    for namespace in term.namespaces.iter().flatten() {
        errors.named(&path.field("namespaces"), namespace, name::dns_label);
    }
    topology_key(&term.topology_key, path, errors);
}

fn topology_key(key: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if key.is_empty() {
        errors.required(&path.field("topologyKey"), "can not be empty");
    } else {
        errors.named(&path.field("topologyKey"), key, name::qualified);
    }
}

fn weight(weight: i32, path: &FieldPath, errors: &mut FieldErrors) {
    if !(1..=100).contains(&weight) {
        errors.invalid(&path.field("weight"), weight, "must be in the range 1-100");
    }
}

/// Checks how a pod is to be spread.
pub fn spread(
    constraints: &[TopologySpreadConstraint],
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let actions = ["DoNotSchedule", "ScheduleAnyway"];
    for (index, constraint) in constraints.iter().enumerate() {
        let path = path.index(index);
        if constraint.max_skew <= 0 {
            errors.invalid(
                &path.field("maxSkew"),
                constraint.max_skew,
                "must be greater than zero",
            );
        }
        topology_key(&constraint.topology_key, &path, errors);
        let action = Some(constraint.when_unsatisfiable.as_str());
        check::one_of(action, &actions, &path.field("whenUnsatisfiable"), errors);
        if let Some(selector) = &constraint.label_selector {
            label_selector::validate(selector, &path.field("labelSelector"), errors);
        }
        let same = |other: &TopologySpreadConstraint| {
            other.topology_key == constraint.topology_key
                && other.when_unsatisfiable == constraint.when_unsatisfiable
        };
        if constraints[..index].iter().any(same) {
            let pair = format!(
                "{{{}, {}}}",
                constraint.topology_key, constraint.when_unsatisfiable
            );
            errors.duplicate(&path.field("{topologyKey, whenUnsatisfiable}"), pair);
        }
    }
}
