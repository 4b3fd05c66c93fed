//! One decision: filter, score, choose, or say why there is nothing to choose from.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;

use crate::cluster::{Cluster, NodeState};
use crate::demand::Demand;
use crate::filters::FILTERS;
use crate::scores::SCORES;

/// What came of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The pod goes to this node.
    Node(String),
    /// It fits nowhere, for this reason.
    Nowhere(String),
}

/// What every rule may look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) demand: &'a Demand,
    pub(crate) cluster: &'a Cluster,
}

/// Chooses a node for `pod`. Among equals the emptiest wins, then the first by name.
#[must_use]
pub fn choose(pod: &Pod, cluster: &Cluster) -> Choice {
    let demand = Demand::of(pod);
    let question = Question {
        pod,
        demand: &demand,
        cluster,
    };
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut best: Option<((i64, std::cmp::Reverse<usize>), &NodeState)> = None;
    for node in &cluster.nodes {
        let objection = FILTERS.iter().find_map(|filter| filter(&question, node));
        if let Some(objection) = objection {
            for reason in objection {
                *reasons.entry(reason).or_default() += 1;
            }
            continue;
        }
        let score: i64 = SCORES
            .iter()
            .map(|(score, weight)| weight * score(&question, node))
            .sum();
        let rank = (score, std::cmp::Reverse(node.pods.len()));
        if best.is_none_or(|(known, _)| rank > known) {
            best = Some((rank, node));
        }
    }
    match best {
        Some((_, node)) => Choice::Node(node.name().to_owned()),
        None => Choice::Nowhere(explanation(cluster.nodes.len(), &reasons)),
    }
}

/// `0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't match ...`
fn explanation(nodes: usize, reasons: &BTreeMap<String, usize>) -> String {
    if nodes == 0 {
        return "no nodes available to schedule pods".to_owned();
    }
    let mut counted: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    counted.sort();
    format!("0/{nodes} nodes are available: {}.", counted.join(", "))
}
