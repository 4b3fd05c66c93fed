//! The rules that say no. Each is a file; each *because* is what the user reads.

mod affinity_to_nodes;
mod affinity_to_pods;
mod host_ports;
mod resources;
mod spread;
mod taints;
mod unschedulable;

use crate::cluster::NodeState;
use crate::cycle::Question;

/// Says why the pod cannot go to this node, or nothing.
pub(crate) type Filter = fn(&Question<'_>, &NodeState) -> Option<Vec<String>>;

/// All filters; the cheap ones first, since the first objection decides.
pub(crate) const FILTERS: [Filter; 7] = [
    unschedulable::filter,
    taints::filter,
    affinity_to_nodes::filter,
    host_ports::filter,
    resources::filter,
    spread::filter,
    affinity_to_pods::filter,
];

/// One reason as an objection.
fn because(reason: &str) -> Option<Vec<String>> {
    Some(vec![reason.to_owned()])
}

pub(crate) use taints::tolerates;
