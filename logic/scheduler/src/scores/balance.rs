//! Prefers nodes with room, and nodes without pods like this one.

use gantry_api::views::Meta;

use super::BEST;
use crate::cluster::NodeState;
use crate::cycle::Question;

/// The share of processors and memory that stays free, the pod itself counted.
pub(super) fn least_used(question: &Question<'_>, node: &NodeState) -> i64 {
    let free = ["cpu", "memory"].map(|resource| {
        let has = node
            .allocatable
            .get(resource)
            .map_or(0, |amount| amount.milli_value());
        let wanted = question
            .demand
            .requests
            .get(resource)
            .map_or(0, |amount| amount.milli_value());
        let left = node
            .left(resource)
            .milli_value()
            .saturating_sub(wanted)
            .max(0);
        if has > 0 { share(left, has) } else { 0 }
    });
    free.iter().sum::<i64>() / 2
}

fn share(part: i64, whole: i64) -> i64 {
    let hundredths = i128::from(part) * i128::from(BEST) / i128::from(whole);
    i64::try_from(hundredths).unwrap_or(BEST).min(BEST)
}

/// The fewer pods of the same controller a node has, the better.
pub(super) fn siblings(question: &Question<'_>, node: &NodeState) -> i64 {
    let Some(controller) = question.pod.controller() else {
        return 0;
    };
    let siblings = node.active_of(&controller.uid);
    BEST / (i64::try_from(siblings).unwrap_or(BEST) + 1)
}
