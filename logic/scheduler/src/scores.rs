//! The rules that prefer. Each gives 0 to 100; the weights say how much each counts.

mod balance;
mod preferences;

use crate::cluster::NodeState;
use crate::cycle::Question;

/// The most that a score gives.
pub(crate) const BEST: i64 = 100;

/// Says how good a place this node is for the pod.
pub(crate) type Score = fn(&Question<'_>, &NodeState) -> i64;

/// All scores with their weights. What users say outright weighs more than a good balance.
pub(crate) const SCORES: [(Score, i64); 4] = [
    (preferences::node_affinity, 2),
    (preferences::taints, 3),
    (balance::least_used, 1),
    (balance::siblings, 2),
];
