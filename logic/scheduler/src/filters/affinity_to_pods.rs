//! Required affinity and anti-affinity between pods, in both directions: what this pod asks of
//! others, and what those already running ask of it.

use k8s_openapi::api::core::v1::{Pod, PodAffinityTerm};

use super::because;
use crate::cluster::{Cluster, NodeState};
use crate::cycle::Question;
use crate::terms::{term_selects, unwanted};

pub(super) fn filter(question: &Question<'_>, node: &NodeState) -> Option<Vec<String>> {
    let pod = question.pod;
    if !wanted(pod)
        .iter()
        .all(|term| has_company(question, node, term))
    {
        return because("node(s) didn't match pod affinity rules");
    }
    if unwanted(pod).any(|term| company(question.cluster, node, term, pod).is_some()) {
        return because("node(s) didn't match pod anti-affinity rules");
    }
    if is_unwelcome(question, node) {
        return because("node(s) didn't satisfy existing pods anti-affinity rules");
    }
    None
}

fn wanted(pod: &Pod) -> Vec<&PodAffinityTerm> {
    let affinity = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.affinity.as_ref()?.pod_affinity.as_ref());
    let terms = affinity.and_then(|affinity| {
        affinity
            .required_during_scheduling_ignored_during_execution
            .as_ref()
    });
    terms.into_iter().flatten().collect()
}

/// Whether a pod that the term selects runs in the node's domain. The first of a group that wants
/// its own company may go anywhere that has the label.
fn has_company(question: &Question<'_>, node: &NodeState, term: &PodAffinityTerm) -> bool {
    if company(question.cluster, node, term, question.pod).is_some() {
        return true;
    }
    let namespaces = &question.cluster.namespaces;
    let alone = question.cluster.nodes.iter().flat_map(|node| &node.pods);
    let first = !alone
        .into_iter()
        .any(|other| term_selects(term, question.pod, other, namespaces));
    first
        && term_selects(term, question.pod, question.pod, namespaces)
        && node.domain(&term.topology_key).is_some()
}

/// A pod that the term selects, running in the same domain as the node.
fn company<'a>(
    cluster: &'a Cluster,
    node: &NodeState,
    term: &PodAffinityTerm,
    owner: &Pod,
) -> Option<&'a Pod> {
    let domain = node.domain(&term.topology_key)?;
    let near = cluster
        .nodes
        .iter()
        .filter(|other| other.domain(&term.topology_key) == Some(domain));
    let mut pods = near.flat_map(|other| &other.pods);
    pods.find(|other| term_selects(term, owner, other, &cluster.namespaces))
        .map(AsRef::as_ref)
}

/// Whether a pod already running in one of the node's domains does not want this one near.
fn is_unwelcome(question: &Question<'_>, node: &NodeState) -> bool {
    let cluster = question.cluster;
    cluster.aloof.iter().any(|(index, resident)| {
        let theirs = &cluster.nodes[*index];
        unwanted(resident).any(|term| {
            let domain = node.domain(&term.topology_key);
            domain.is_some()
                && domain == theirs.domain(&term.topology_key)
                && term_selects(term, resident, question.pod, &cluster.namespaces)
        })
    })
}
