//! The state of each container as the API shows it. Every container has one from the first status.

use k8s_openapi::api::core::v1::{
    Container as Spec, ContainerState as State, ContainerStateRunning, ContainerStateTerminated,
    ContainerStateWaiting, ContainerStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use gantry_base::Timestamp;
use gantry_base::time::whole_seconds;

use crate::pod::restart::{Policy, next_run, told_delay};
use crate::pod::{Image, PodWorld};
use crate::sandbox::{Container, ContainerId, ContainerState, Exit, ExitReason};

pub(super) fn init_statuses(world: &PodWorld) -> Vec<ContainerStatus> {
    let specs = world
        .pod
        .spec
        .iter()
        .flat_map(|spec| spec.init_containers.iter().flatten());
    specs.map(|spec| status(world, spec, Group::Init)).collect()
}

pub(super) fn main_statuses(world: &PodWorld) -> Vec<ContainerStatus> {
    let specs = world.pod.spec.iter().flat_map(|spec| &spec.containers);
    specs.map(|spec| status(world, spec, Group::Main)).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Init,
    Main,
}

fn status(world: &PodWorld, spec: &Spec, group: Group) -> ContainerStatus {
    let known = known(world, spec, group);
    let Some(latest) = world
        .sandbox
        .as_ref()
        .and_then(|sandbox| sandbox.latest(&spec.name))
    else {
        return unseen(world, spec, group, known);
    };
    let health = world.health.get(&latest.id).copied().unwrap_or_default();
    let running = matches!(latest.state, ContainerState::Running { .. });
    let succeeded = matches!(&latest.state, ContainerState::Exited(exit) if exit.code == 0);
    let one_shot = group == Group::Init && spec.restart_policy.as_deref() != Some("Always");
    let ready = if one_shot {
        succeeded
    } else {
        running && health.ready
    };
    let (state, last) = states(world, spec, latest);
    let last = last.or_else(|| known.as_ref().and_then(|known| known.last_state.clone()));
    ContainerStatus {
        name: spec.name.clone(),
        image: latest.config.image.clone(),
        image_id: latest.config.image_id.clone(),
        container_id: Some(shown_id(&latest.id)),
        restart_count: i32::try_from(latest.id.attempt).unwrap_or(i32::MAX),
        ready,
        started: Some(running && health.started),
        state: Some(state),
        last_state: last,
        ..known.unwrap_or_default()
    }
}

fn known(world: &PodWorld, spec: &Spec, group: Group) -> Option<ContainerStatus> {
    let status = world.pod.status.as_ref()?;
    let statuses = match group {
        Group::Init => status.init_container_statuses.as_ref(),
        Group::Main => status.container_statuses.as_ref(),
    };
    statuses?
        .iter()
        .find(|known| known.name == spec.name)
        .cloned()
}

/// The identifier that clients see.
fn shown_id(id: &ContainerId) -> String {
    format!("gantry://{id}")
}

/// The status of a container that does not exist here. One that ended in a sandbox that is gone
/// keeps what was last said of it.
fn unseen(
    world: &PodWorld,
    spec: &Spec,
    group: Group,
    known: Option<ContainerStatus>,
) -> ContainerStatus {
    let ended = |known: &ContainerStatus| {
        known
            .state
            .as_ref()
            .is_some_and(|state| state.terminated.is_some())
    };
    let over = world
        .pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    let over = matches!(over, Some("Succeeded" | "Failed"));
    if let Some(known) = known
        .as_ref()
        .filter(|known| ended(known) && (over || is_done(spec, group, known)))
    {
        return ContainerStatus {
            started: Some(false),
            ..known.clone()
        };
    }
    let known = known.unwrap_or_default();
    let ran = known
        .state
        .clone()
        .filter(|state| state.running.is_some() || state.terminated.is_some());
    ContainerStatus {
        name: spec.name.clone(),
        image: spec.image.clone().unwrap_or_default(),
        ready: false,
        started: Some(false),
        last_state: ran.map(|state| lost(world, state)).or(known.last_state),
        state: Some(waiting(world, spec, group)),
        image_id: known.image_id,
        container_id: known.container_id,
        restart_count: known.restart_count,
        ..ContainerStatus::default()
    }
}

/// A container that ran when its sandbox vanished ended then, nobody knows how.
fn lost(world: &PodWorld, state: State) -> State {
    let Some(running) = state.running else {
        return state;
    };
    State {
        terminated: Some(ContainerStateTerminated {
            exit_code: 137,
            reason: Some("ContainerStatusUnknown".to_owned()),
            message: Some(
                "The container could not be located when the pod was looked at again".to_owned(),
            ),
            started_at: running.started_at,
            finished_at: Some(Time(whole_seconds(world.now))),
            ..ContainerStateTerminated::default()
        }),
        ..State::default()
    }
}

/// Whether an init container has done its work.
fn is_done(spec: &Spec, group: Group, known: &ContainerStatus) -> bool {
    let succeeded = known
        .state
        .as_ref()
        .and_then(|state| state.terminated.as_ref())
        .is_some_and(|ended| ended.exit_code == 0);
    group == Group::Init && spec.restart_policy.as_deref() != Some("Always") && succeeded
}

fn waiting(world: &PodWorld, spec: &Spec, group: Group) -> State {
    let has_init = world
        .pod
        .spec
        .as_ref()
        .and_then(|spec| spec.init_containers.as_ref())
        .is_some_and(|init| !init.is_empty());
    let (reason, message) = match (
        world.images.get(&spec.name),
        world.config_errors.get(&spec.name),
    ) {
        (
            Some(Image::Failed {
                reason,
                why,
                retry_at,
            }),
            _,
        ) => pull_failure(world, spec, reason, why, *retry_at),
        (_, Some(why)) => ("CreateContainerConfigError".to_owned(), Some(why.clone())),
        _ if group == Group::Main && has_init => ("PodInitializing".to_owned(), None),
        _ => ("ContainerCreating".to_owned(), None),
    };
    State {
        waiting: Some(ContainerStateWaiting {
            reason: Some(reason),
            message,
        }),
        ..State::default()
    }
}

/// A failure is shown as it happened; while its retry is waited for, as a back-off.
fn pull_failure(
    world: &PodWorld,
    spec: &Spec,
    reason: &str,
    why: &str,
    retry_at: Timestamp,
) -> (String, Option<String>) {
    let known = known_reason(world, &spec.name);
    let waits = retry_at > world.now
        && known.is_some_and(|known| known == "ErrImagePull" || known == "ImagePullBackOff");
    if reason == "ErrImagePull" && waits {
        let image = spec.image.as_deref().unwrap_or("");
        return (
            "ImagePullBackOff".to_owned(),
            Some(format!("Back-off pulling image {image:?}: {reason}: {why}")),
        );
    }
    (reason.to_owned(), Some(why.to_owned()))
}

/// Why the status says that the container waits.
fn known_reason<'a>(world: &'a PodWorld, name: &str) -> Option<&'a str> {
    let status = world.pod.status.as_ref()?;
    let init = status.init_container_statuses.iter().flatten();
    let mut all = init.chain(status.container_statuses.iter().flatten());
    let own = all.find(|known| known.name == name)?;
    own.state.as_ref()?.waiting.as_ref()?.reason.as_deref()
}

/// The state now, and the state of the run before when there was one.
fn states(world: &PodWorld, spec: &Spec, latest: &Container) -> (State, Option<State>) {
    let previous = world.sandbox.iter().flat_map(|sandbox| &sandbox.containers);
    let previous = previous
        .filter(|other| other.id.name == latest.id.name && other.id.attempt < latest.id.attempt);
    let previous = previous
        .max_by_key(|other| other.id.attempt)
        .and_then(|other| ended(spec, other));
    match &latest.state {
        ContainerState::Created => (waiting(world, spec, Group::Main), previous),
        ContainerState::Running { started_at, .. } => {
            let running = ContainerStateRunning {
                started_at: Some(Time(whole_seconds(*started_at))),
            };
            (
                State {
                    running: Some(running),
                    ..State::default()
                },
                previous,
            )
        }
        ContainerState::Exited(exit) => {
            let now = ended(spec, latest);
            match backing_off(world, spec, latest, exit) {
                Some(waiting) => (waiting, now),
                None => (now.unwrap_or_default(), previous),
            }
        }
    }
}

/// The waiting state of a container that will run again, but not yet.
fn backing_off(world: &PodWorld, spec: &Spec, latest: &Container, exit: &Exit) -> Option<State> {
    let pod = world.pod.spec.as_ref()?;
    let is_init = pod
        .init_containers
        .iter()
        .flatten()
        .any(|init| init.name == spec.name);
    let mut policy = Policy::named(pod.restart_policy.as_deref());
    if spec.restart_policy.as_deref() == Some("Always") {
        policy = Policy::Always;
    } else if is_init && policy == Policy::Always {
        policy = Policy::OnFailure;
    }
    let (step, when) = next_run(latest);
    if world.pod.metadata.deletion_timestamp.is_some()
        || !policy.restarts(exit.code)
        || when <= world.now
    {
        return None;
    }
    let message = format!(
        "back-off {} restarting failed container={} pod={}_{}({})",
        crate::pod::told(told_delay(step)),
        spec.name,
        latest_pod(world).0,
        latest_pod(world).1,
        latest.id.sandbox
    );
    let waiting = ContainerStateWaiting {
        reason: Some("CrashLoopBackOff".to_owned()),
        message: Some(message),
    };
    Some(State {
        waiting: Some(waiting),
        ..State::default()
    })
}

fn latest_pod(world: &PodWorld) -> (&str, &str) {
    let meta = &world.pod.metadata;
    (
        meta.name.as_deref().unwrap_or(""),
        meta.namespace.as_deref().unwrap_or(""),
    )
}

fn ended(_spec: &Spec, container: &Container) -> Option<State> {
    let ContainerState::Exited(exit) = &container.state else {
        return None;
    };
    let time = |time: Timestamp| Time(whole_seconds(time));
    let terminated = ContainerStateTerminated {
        exit_code: exit.code,
        signal: None,
        reason: Some(reason(exit).to_owned()),
        message: Some(exit.message.clone()).filter(|message| !message.is_empty()),
        started_at: exit.started_at.map(time),
        finished_at: Some(time(exit.finished_at)),
        container_id: Some(shown_id(&container.id)),
    };
    Some(State {
        terminated: Some(terminated),
        ..State::default()
    })
}

fn reason(exit: &Exit) -> &'static str {
    match exit.reason {
        Some(ExitReason::StartError) => "StartError",
        Some(ExitReason::ShimGone) => "ContainerStatusUnknown",
        None if exit.oom_killed => "OOMKilled",
        None if exit.code == 0 => "Completed",
        None => "Error",
    }
}
