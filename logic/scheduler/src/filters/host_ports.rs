//! Two pods cannot have the same port of a node.

use super::because;
use crate::cluster::NodeState;
use crate::cycle::Question;

/// Addresses that stand for all of a node's.
const EVERYWHERE: [&str; 3] = ["", "0.0.0.0", "::"];

pub(super) fn filter(question: &Question<'_>, node: &NodeState) -> Option<Vec<String>> {
    let clash = question
        .demand
        .ports
        .iter()
        .any(|(address, protocol, port)| {
            node.used.ports.iter().any(|(taken, other, number)| {
                let overlap = address == taken
                    || EVERYWHERE.contains(&address.as_str())
                    || EVERYWHERE.contains(&taken.as_str());
                overlap && protocol == other && port == number
            })
        });
    if clash {
        because("node(s) didn't have free ports for the requested pod ports")
    } else {
        None
    }
}
