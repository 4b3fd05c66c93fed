//! The end of a pod: asked politely, in order, and nothing left behind.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_reconcile::Plan;

use super::is_sidecar;
use super::{PodAction, PodWorld, Task};
use crate::sandbox::{Container, ContainerState, Sandbox, SandboxState};

/// How long a pod's end waits for the rules to stop sending to it.
const DRAIN: Duration = Duration::from_secs(2);

/// The grace that the pod gives its containers.
pub(crate) fn grace(pod: &Pod) -> Duration {
    let own = pod.metadata.deletion_grace_period_seconds;
    let own = own.or_else(|| pod.spec.as_ref()?.termination_grace_period_seconds);
    Duration::from_secs(
        own.and_then(|seconds| u64::try_from(seconds).ok())
            .unwrap_or(0),
    )
}

/// Ends a pod that is being deleted.
pub(super) fn delete(world: &PodWorld, plan: &mut Plan<PodAction>) {
    let Some(sandbox) = &world.sandbox else {
        if world.under_way.contains(&Task::Sandbox) || world.volumes != super::Volumes::Absent {
            plan.act(PodAction::RemoveSandbox);
        } else if !is_held(&world.pod) {
            plan.act(PodAction::Delete);
        }
        return;
    };
    let running: Vec<&Container> = running(sandbox).collect();
    if running.is_empty() {
        plan.act(PodAction::RemoveSandbox);
    } else if let Some(wait) = drain(world) {
        plan.recheck_after(wait);
    } else {
        stop(world, &running, plan);
    }
}

/// Whether nothing but others' finalizers keep the pod in the API.
fn is_held(pod: &Pod) -> bool {
    let finalizers = pod.metadata.finalizers.as_ref();
    finalizers.is_some_and(|all| !all.is_empty()) && grace(pod).is_zero()
}

/// Ends what is left of a pod that has finished: its records stay for those who ask.
pub(super) fn finish(world: &PodWorld, plan: &mut Plan<PodAction>) {
    let Some(sandbox) = &world.sandbox else {
        return;
    };
    let running: Vec<&Container> = running(sandbox).collect();
    if !running.is_empty() {
        stop(world, &running, plan);
    } else if sandbox.state == SandboxState::Ready {
        plan.act(PodAction::StopSandbox);
    }
}

fn running(sandbox: &Sandbox) -> impl Iterator<Item = &Container> {
    sandbox
        .containers
        .iter()
        .filter(|container| matches!(container.state, ContainerState::Running { .. }))
}

/// How much longer to wait until nobody sends to the pod any more.
fn drain(world: &PodWorld) -> Option<Duration> {
    let asked = asked_at(&world.pod)?;
    let left = DRAIN
        .min(grace(&world.pod))
        .saturating_sub(since(world.now, asked));
    (world.is_routed && !left.is_zero()).then_some(left)
}

/// When the deletion was asked for: the deletion's time is the moment at which the grace ends.
fn asked_at(pod: &Pod) -> Option<Timestamp> {
    let ends = pod.metadata.deletion_timestamp.as_ref()?.0;
    Some(ends.checked_sub(grace(pod)).unwrap_or(Timestamp::MIN))
}

/// Stops the containers, sidecars when the others have ended.
fn stop(world: &PodWorld, running: &[&Container], plan: &mut Plan<PodAction>) {
    let spec = world.pod.spec.as_ref();
    let sidecars = spec
        .into_iter()
        .flat_map(|spec| spec.init_containers.iter().flatten());
    let sidecars: Vec<&str> = sidecars
        .filter(|init| is_sidecar(init))
        .map(|init| init.name.as_str())
        .collect();
    let is_sidecar = |container: &&&Container| sidecars.contains(&container.id.name.as_str());
    let main: Vec<&&Container> = running
        .iter()
        .filter(|container| !is_sidecar(container))
        .collect();
    let now = if main.is_empty() {
        running.iter().collect()
    } else {
        main
    };
    let left = time_left(world);
    for container in now {
        plan.act(PodAction::Stop {
            container: container.id.clone(),
            grace: left,
            because: format!("Stopping container {}", container.id.name),
        });
    }
}

/// What is left of the grace.
fn time_left(world: &PodWorld) -> Duration {
    match world.pod.metadata.deletion_timestamp.as_ref() {
        Some(ends) => since(ends.0, world.now).min(grace(&world.pod)),
        None => grace(&world.pod),
    }
}
