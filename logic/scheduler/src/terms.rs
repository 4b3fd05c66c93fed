//! How the terms of affinities select nodes and pods.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Node, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodAffinityTerm,
};

use gantry_api::views::{Meta, meta};
use gantry_base::selector::{Labels, Operator, Requirement};

/// The pods that a pod will not have near, by its required anti-affinity.
pub(crate) fn unwanted(pod: &Pod) -> impl Iterator<Item = &PodAffinityTerm> {
    let spec = pod.spec.as_ref();
    let affinity = spec.and_then(|spec| spec.affinity.as_ref()?.pod_anti_affinity.as_ref());
    let terms = affinity.and_then(|affinity| {
        affinity
            .required_during_scheduling_ignored_during_execution
            .as_ref()
    });
    terms.into_iter().flatten()
}

/// Whether one of the terms selects the node; a term without requirements selects none.
pub(crate) fn any_term_matches(terms: &[NodeSelectorTerm], node: &Node) -> bool {
    terms.iter().any(|term| term_matches(term, node))
}

/// Whether the term selects the node.
pub(crate) fn term_matches(term: &NodeSelectorTerm, node: &Node) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or(&[]);
    let fields = term.match_fields.as_deref().unwrap_or(&[]);
    let names = Labels::from([("metadata.name".to_owned(), node.name().to_owned())]);
    let all = |requirements: &[NodeSelectorRequirement], labels: &Labels| {
        requirements
            .iter()
            .all(|requirement| matches(requirement, labels))
    };
    let is_empty = expressions.is_empty() && fields.is_empty();
    !is_empty && all(expressions, node.labels()) && all(fields, &names)
}

fn matches(requirement: &NodeSelectorRequirement, labels: &Labels) -> bool {
    let values = requirement.values.clone().unwrap_or_default();
    let bound = || values.first().and_then(|value| value.parse().ok());
    let operator = match requirement.operator.as_str() {
        "In" => Some(Operator::In(values.clone())),
        "NotIn" => Some(Operator::NotIn(values.clone())),
        "Exists" => Some(Operator::Exists),
        "DoesNotExist" => Some(Operator::DoesNotExist),
        "Gt" => bound().map(Operator::GreaterThan),
        "Lt" => bound().map(Operator::LessThan),
        // Validation admits only the six above; whatever else selects nothing.
        _ => None,
    };
    operator.is_some_and(|operator| {
        Requirement {
            key: requirement.key.clone(),
            operator,
        }
        .matches(labels)
    })
}

/// Whether the term, standing on `owner`, selects `other`.
pub(crate) fn term_selects(
    term: &PodAffinityTerm,
    owner: &Pod,
    other: &Pod,
    namespaces: &BTreeMap<String, Labels>,
) -> bool {
    let labels = term
        .label_selector
        .as_ref()
        .is_some_and(|selector| meta::selector(selector).matches(other.labels()));
    labels && in_scope(term, owner, other.namespace(), namespaces)
}

fn in_scope(
    term: &PodAffinityTerm,
    owner: &Pod,
    namespace: &str,
    namespaces: &BTreeMap<String, Labels>,
) -> bool {
    let named = term.namespaces.as_deref().unwrap_or(&[]);
    if named.is_empty() && term.namespace_selector.is_none() {
        return namespace == owner.namespace();
    }
    let selected = term.namespace_selector.as_ref().is_some_and(|selector| {
        namespaces
            .get(namespace)
            .is_some_and(|labels| meta::selector(selector).matches(labels))
    });
    selected || named.iter().any(|name| name == namespace)
}
