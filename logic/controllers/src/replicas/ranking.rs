//! Which pod will be missed least.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use gantry_api::views::{Meta, PodView};
use gantry_base::Timestamp;
use gantry_base::time::since;

/// The annotation by which users say what deleting a pod costs them.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Orders pods so that the first can go first: not yet placed, not yet running, not ready, cheap by
/// the users' own word, doubled up on a node, ready for the shortest time (in orders of magnitude),
/// restarted often, young.
pub(super) fn least_missed_first<'a>(
    mut pods: Vec<&'a Arc<Pod>>,
    on_node: &BTreeMap<String, usize>,
    now: Timestamp,
) -> Vec<&'a Arc<Pod>> {
    pods.sort_by_cached_key(|pod| {
        let neighbours = pod
            .node_name()
            .and_then(|node| on_node.get(node))
            .copied()
            .unwrap_or(0);
        (
            pod.node_name().is_some(),
            pod.phase() == "Running",
            pod.is_ready(),
            cost(pod),
            Reverse(neighbours),
            magnitude(pod.ready_since(), now),
            Reverse(restarts(pod)),
            magnitude(pod.created_at(), now),
            pod.name().to_owned(),
        )
    });
    pods
}

fn cost(pod: &Pod) -> i32 {
    pod.annotations()
        .get(DELETION_COST)
        .and_then(|cost| cost.parse().ok())
        .unwrap_or(0)
}

/// How long ago something was, in powers of two, so that small differences do not decide.
fn magnitude(since_when: Option<Timestamp>, now: Timestamp) -> u32 {
    since_when
        .map_or(Duration::ZERO, |when| since(now, when))
        .as_secs()
        .checked_ilog2()
        .map_or(0, |power| power + 1)
}

fn restarts(pod: &Pod) -> i32 {
    let statuses = pod
        .status
        .as_ref()
        .and_then(|status| status.container_statuses.as_ref());
    statuses
        .into_iter()
        .flatten()
        .map(|status| status.restart_count)
        .max()
        .unwrap_or(0)
}
