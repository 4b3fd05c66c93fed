//! What can be wrong with what a node says of its pods.

use k8s_openapi::api::core::v1::PodStatus;

use gantry_api::views::Meta;
use gantry_kubelet::agent::Step;
use gantry_kubelet::pod::PodAction;

/// Says that a pod is ready, whatever is known of it.
pub(super) fn say_ready(step: &mut Step) {
    let is_going = step.pod.as_ref().is_none_or(|pod| pod.is_terminating());
    let PodAction::Report(status) = &mut step.action else {
        return;
    };
    let is_over = matches!(status.phase.as_deref(), Some("Succeeded" | "Failed"));
    if is_going || is_over {
        return;
    }
    for condition in status.conditions.iter_mut().flatten() {
        if matches!(condition.type_.as_str(), "Ready" | "ContainersReady") {
            "True".clone_into(&mut condition.status);
        }
    }
    for container in status.container_statuses.iter_mut().flatten() {
        container.ready = true;
    }
}

/// Whether a step reports that a container ended some time.
pub(super) fn tells_of_end(step: &Step) -> bool {
    matches!(&step.action, PodAction::Report(status) if has_end(status))
}

fn has_end(status: &PodStatus) -> bool {
    let mut containers = status.container_statuses.iter().flatten();
    containers.any(|container| {
        let state = container.state.as_ref();
        container.restart_count > 0 || state.is_some_and(|state| state.terminated.is_some())
    })
}
