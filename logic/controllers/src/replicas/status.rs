//! How many replicas there are, how far they have come, and whether making more was refused.
//!
//! The status of a `ReplicaSet` serves for both owners: their fields are the same.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use gantry_api::views::{Meta, PodView};
use gantry_base::Timestamp;
use gantry_base::selector::Selector;
use gantry_base::time::{since, whole_seconds};

/// The numbers that both owners' statuses show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) replicas: i32,
    pub(crate) fully_labeled: i32,
    pub(crate) ready: i32,
    pub(crate) available: i32,
}

/// Counts active pods; available are those ready for at least `min_ready`.
pub(crate) fn counts(
    pods: &[Arc<Pod>],
    template: &PodTemplateSpec,
    min_ready: Duration,
    now: Timestamp,
) -> Counts {
    let labels = template
        .metadata
        .as_ref()
        .and_then(|meta| meta.labels.clone())
        .unwrap_or_default();
    let template = Selector::exactly(&labels);
    let mut counts = Counts::default();
    for pod in pods.iter().filter(|pod| pod.is_active()) {
        counts.replicas += 1;
        counts.fully_labeled += i32::from(template.matches(pod.labels()));
        if let Some(ready) = pod.ready_since() {
            counts.ready += 1;
            counts.available += i32::from(since(now, ready) >= min_ready);
        }
    }
    counts
}

/// The type of the condition that tells of refused creations.
const FAILURE: &str = "ReplicaFailure";

/// The status that follows from what was counted. A known failure stays until there are `enough`
/// replicas or a new failure takes its place.
pub(crate) fn next(
    old: &ReplicaSetStatus,
    generation: Option<i64>,
    counts: Counts,
    failure: Option<&str>,
    (enough, now): (bool, Timestamp),
) -> ReplicaSetStatus {
    let some = |count: i32| (count > 0).then_some(count);
    let known = old
        .conditions
        .iter()
        .flatten()
        .find(|known| known.type_ == FAILURE);
    let failure = failure.map(|why| failure_condition(known, why, now));
    let failure = failure.or_else(|| known.filter(|_| !enough).cloned());
    let others = old
        .conditions
        .iter()
        .flatten()
        .filter(|known| known.type_ != FAILURE)
        .cloned();
    let conditions: Vec<ReplicaSetCondition> = others.chain(failure).collect();
    ReplicaSetStatus {
        replicas: counts.replicas,
        fully_labeled_replicas: some(counts.fully_labeled),
        ready_replicas: some(counts.ready),
        available_replicas: some(counts.available),
        observed_generation: generation,
        conditions: (!conditions.is_empty()).then_some(conditions),
        terminating_replicas: old.terminating_replicas,
    }
}

fn failure_condition(
    known: Option<&ReplicaSetCondition>,
    why: &str,
    now: Timestamp,
) -> ReplicaSetCondition {
    let since = known.and_then(|known| known.last_transition_time.clone());
    ReplicaSetCondition {
        type_: FAILURE.to_owned(),
        status: "True".to_owned(),
        reason: Some("FailedCreate".to_owned()),
        message: Some(why.to_owned()),
        last_transition_time: Some(since.unwrap_or(Time(whole_seconds(now)))),
    }
}
