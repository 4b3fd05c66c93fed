//! How long a pod may be active: when its own deadline is over, it has failed.

use std::time::Duration;

use gantry_base::time::since;

use super::PodWorld;

/// The reason that such a pod's status gives.
pub(crate) const REASON: &str = "DeadlineExceeded";
/// The sentence that goes with it.
pub(crate) const MESSAGE: &str = "Pod was active on the node longer than the specified deadline";

/// What is left until the deadline; nothing when the pod has none.
pub(crate) fn time_left(world: &PodWorld) -> Option<Duration> {
    let seconds = world.pod.spec.as_ref()?.active_deadline_seconds?;
    let limit = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let started = world.pod.status.as_ref()?.start_time.as_ref()?.0;
    Some(limit.saturating_sub(since(world.now, started)))
}

/// Whether the deadline is over.
pub(crate) fn is_over(world: &PodWorld) -> bool {
    time_left(world).is_some_and(|left| left.is_zero())
}
