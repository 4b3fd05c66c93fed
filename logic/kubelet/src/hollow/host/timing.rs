//! How long things take on a hollow node: always the same, and never long.
//!
//! Containers run until they are stopped, whatever their pod wants them for. Init containers end
//! well, or their pods would never begin.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod};

use crate::pod::PodAction;

/// How long after its beginning an action has happened.
#[must_use]
pub fn takes(action: &PodAction) -> Duration {
    let millis = match action {
        PodAction::Pull { .. } => 100,
        PodAction::RunSandbox => 20,
        PodAction::Start { .. } => 10,
        PodAction::Stop { grace, .. } => return (*grace).min(STOP),
        PodAction::StopSandbox | PodAction::RemoveSandbox => 5,
        PodAction::Mount
        | PodAction::Forget(_)
        | PodAction::Note(_)
        | PodAction::Report(_)
        | PodAction::Delete => 0,
    };
    Duration::from_millis(millis)
}

/// How long a program takes to end when it is asked to, unless it has less time.
const STOP: Duration = Duration::from_millis(50);
/// How long an init container runs.
const INIT: Duration = Duration::from_millis(100);

/// After what time a container ends by itself; nothing for one that runs until it is stopped.
pub(super) fn lasts(pod: &Pod, spec: &Container) -> Option<Duration> {
    let init = pod.spec.iter().flat_map(|spec| &spec.init_containers);
    let is_init = init.flatten().any(|init| init.name == spec.name);
    let is_sidecar = spec.restart_policy.as_deref() == Some("Always");
    (is_init && !is_sidecar).then_some(INIT)
}
