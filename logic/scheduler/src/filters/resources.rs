//! A node takes only what it has left: processors, memory, other resources, and places for pods.

use gantry_base::Quantity;

use crate::cluster::NodeState;
use crate::cycle::Question;

pub(super) fn filter(question: &Question<'_>, node: &NodeState) -> Option<Vec<String>> {
    let mut short = Vec::new();
    let places = node
        .allocatable
        .get("pods")
        .map_or(i64::MAX, |places| places.value());
    if i64::try_from(node.pods.len()).unwrap_or(i64::MAX) >= places {
        short.push("Too many pods".to_owned());
    }
    let wanted = question
        .demand
        .requests
        .iter()
        .filter(|(_, amount)| **amount > Quantity::ZERO);
    let missing = wanted.filter(|(resource, amount)| node.left(resource) < **amount);
    short.extend(missing.map(|(resource, _)| format!("Insufficient {resource}")));
    (!short.is_empty()).then_some(short)
}
