//! What users prefer but do not require.

use super::BEST;
use crate::cluster::NodeState;
use crate::cycle::Question;
use crate::filters::tolerates;
use crate::terms::term_matches;

/// The share of the preferred node affinity's weights that this node satisfies.
pub(super) fn node_affinity(question: &Question<'_>, node: &NodeState) -> i64 {
    let affinity = question
        .pod
        .spec
        .as_ref()
        .and_then(|spec| spec.affinity.as_ref()?.node_affinity.as_ref());
    let terms = affinity.and_then(|affinity| {
        affinity
            .preferred_during_scheduling_ignored_during_execution
            .as_deref()
    });
    let terms = terms.unwrap_or(&[]);
    let total: i64 = terms.iter().map(|term| i64::from(term.weight)).sum();
    let met = terms
        .iter()
        .filter(|term| term_matches(&term.preference, &node.node));
    let met: i64 = met.map(|term| i64::from(term.weight)).sum();
    if total == 0 { 0 } else { met * BEST / total }
}

/// Nodes without soft taints that the pod does not bear.
pub(super) fn taints(question: &Question<'_>, node: &NodeState) -> i64 {
    let soft = node
        .taints()
        .iter()
        .filter(|taint| taint.effect == "PreferNoSchedule");
    let unborne = soft.filter(|taint| !tolerates(question.pod, taint)).count();
    BEST / (i64::try_from(unborne).unwrap_or(BEST) + 1)
}
