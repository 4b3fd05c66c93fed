//! Hard topology spread: no domain may have too many more of the selected pods than the emptiest.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, TopologySpreadConstraint};

use gantry_api::views::{Meta, PodView, meta};

use super::because;
use crate::cluster::NodeState;
use crate::cycle::Question;

pub(super) fn filter(question: &Question<'_>, node: &NodeState) -> Option<Vec<String>> {
    let constraints = question
        .pod
        .spec
        .iter()
        .flat_map(|spec| spec.topology_spread_constraints.iter().flatten());
    let hard = constraints
        .into_iter()
        .filter(|constraint| constraint.when_unsatisfiable == "DoNotSchedule");
    hard.into_iter()
        .find_map(|constraint| objection(question, node, constraint))
}

fn objection(
    question: &Question<'_>,
    node: &NodeState,
    constraint: &TopologySpreadConstraint,
) -> Option<Vec<String>> {
    let Some(domain) = node.domain(&constraint.topology_key) else {
        return because(
            "node(s) didn't match pod topology spread constraints (missing required label)",
        );
    };
    let counts = counts(question, constraint);
    let least = counts.values().min().copied().unwrap_or(0);
    let here = counts.get(domain).copied().unwrap_or(0);
    let itself = i32::from(selects(constraint, question.pod, question.pod));
    if here + itself - least > constraint.max_skew {
        return because("node(s) didn't match pod topology spread constraints");
    }
    None
}

/// How many selected pods each domain has.
pub(crate) fn counts<'a>(
    question: &Question<'a>,
    constraint: &TopologySpreadConstraint,
) -> BTreeMap<&'a str, i32> {
    let mut counts = BTreeMap::new();
    for node in &question.cluster.nodes {
        if let Some(domain) = node.domain(&constraint.topology_key) {
            let selected = node
                .pods
                .iter()
                .filter(|pod| pod.is_active() && selects(constraint, pod, question.pod));
            *counts.entry(domain).or_insert(0) +=
                i32::try_from(selected.count()).unwrap_or(i32::MAX);
        }
    }
    counts
}

/// Whether the constraint counts `pod`, when it stands on `owner`.
fn selects(constraint: &TopologySpreadConstraint, pod: &Pod, owner: &Pod) -> bool {
    let same_place = pod.namespace() == owner.namespace();
    let keys = constraint.match_label_keys.iter().flatten();
    let same_labels = keys
        .into_iter()
        .all(|key| pod.labels().get(key) == owner.labels().get(key));
    let selected = constraint
        .label_selector
        .as_ref()
        .is_some_and(|selector| meta::selector(selector).matches(pod.labels()));
    same_place && same_labels && selected
}
