//! Whether a rollout is complete, moves on, or has been standing still for too long.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{DeploymentCondition, DeploymentStatus};

use gantry_base::Timestamp;
use gantry_base::time::since;

use super::World;
use super::sets::Sets;

/// Whether everything wanted is there, updated and available, and nothing old is left.
pub(super) fn is_complete(world: &World, sets: &Sets<'_>) -> bool {
    let Some(status) = world.deployment.status.as_ref() else {
        return false;
    };
    status_is_complete(status, sets.wanted())
        && status.observed_generation >= world.deployment.metadata.generation
}

/// See [`is_complete`]; on the numbers alone.
pub(super) fn status_is_complete(status: &DeploymentStatus, wanted: i32) -> bool {
    let is_wanted = |count: Option<i32>| count.unwrap_or(0) == wanted;
    is_wanted(status.updated_replicas)
        && is_wanted(status.replicas)
        && is_wanted(status.available_replicas)
}

/// Whether the numbers got better from `old` to `new`.
pub(super) fn moved_on(old: &DeploymentStatus, new: &DeploymentStatus) -> bool {
    let count = |count: Option<i32>| count.unwrap_or(0);
    let old_ones =
        |status: &DeploymentStatus| count(status.replicas) - count(status.updated_replicas);
    count(new.updated_replicas) > count(old.updated_replicas)
        || count(new.ready_replicas) > count(old.ready_replicas)
        || count(new.available_replicas) > count(old.available_replicas)
        || old_ones(new) < old_ones(old)
}

/// How long the rollout may still stand still; zero when its time is over.
pub(super) fn time_left(
    sets: &Sets<'_>,
    condition: Option<&DeploymentCondition>,
    now: Timestamp,
) -> Option<Duration> {
    let deadline = sets
        .spec
        .progress_deadline_seconds
        .and_then(|seconds| u64::try_from(seconds).ok())?;
    // The largest value stands for "no deadline".
    if deadline >= u64::from(u32::MAX >> 1) {
        return None;
    }
    let last = condition?.last_update_time.as_ref()?.0;
    Some(Duration::from_secs(deadline).saturating_sub(since(now, last)))
}
