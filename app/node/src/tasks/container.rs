//! One container: made and started, stopped, forgotten.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod};

use gantry_base::time::since;
use gantry_kubelet::agent::{STOP_PAUSE, StartFailure};
use gantry_kubelet::container::{self, Placed, Run};
use gantry_kubelet::pod::all_containers;
use gantry_kubelet::sandbox::{ContainerId, Mount, PodRef, SandboxId};
use gantry_runtime::RuntimeError;
use gantry_volumes::Part;

use super::{field_path, note};
use crate::agent::Agent;
use crate::{NodeError, hooks, probing};

/// Makes a container, starts it, and runs its hook.
pub(super) async fn start(
    agent: &Agent,
    (key, pod): (&PodRef, &Pod),
    (name, attempt, step): (&str, u32, u32),
) -> bool {
    let Some(spec) = all_containers(pod).find(|spec| spec.name == name) else {
        return true;
    };
    let path = field_path(pod, name);
    let started = try_start(agent, (key, pod), (spec, attempt, step)).await;
    let well = match started {
        Ok(id) => {
            after_start(agent, (key, pod), spec, id).await;
            true
        }
        Err(error) => {
            let why = gantry_base::chain(&error);
            agent.tell(note(
                (pod, &path),
                (true, "Failed"),
                format!("Error: {why}"),
            ));
            let failure = (failure(&error), why);
            agent.state.lock().not_started(key, name, failure)
        }
    };
    agent.look(SandboxId(key.uid.clone())).await;
    well
}

fn failure(error: &NodeError) -> StartFailure {
    if matches!(error, NodeError::Runtime(RuntimeError::Start(_))) {
        StartFailure::Program
    } else if matches!(error, NodeError::Runtime(RuntimeError::Image { .. })) {
        StartFailure::Image
    } else {
        StartFailure::Other
    }
}

async fn try_start(
    agent: &Agent,
    (key, pod): (&PodRef, &Pod),
    (spec, attempt, step): (&Container, u32, u32),
) -> Result<ContainerId, NodeError> {
    let path = field_path(pod, &spec.name);
    let config = config(agent, (key, pod), (spec, attempt, step)).await?;
    let within = SandboxId(key.uid.clone());
    let id = agent.runtime.create(within, config).await?;
    let created = format!("Created container: {}", spec.name);
    agent.tell(note((pod, &path), (false, "Created"), created));
    let now = agent.clock.now();
    agent.state.lock().created(key, spec, &id, now);
    agent.runtime.start(id.clone()).await?;
    let started = format!("Started container {}", spec.name);
    agent.tell(note((pod, &path), (false, "Started"), started));
    Ok(id)
}

async fn config(
    agent: &Agent,
    (key, pod): (&PodRef, &Pod),
    (spec, attempt, step): (&Container, u32, u32),
) -> Result<gantry_kubelet::sandbox::ContainerConfig, NodeError> {
    let view = agent.view();
    let given = agent
        .state
        .lock()
        .given(&agent.around, (key, pod), &spec.name);
    let on = agent.around.surroundings(pod, &view, &given.addresses);
    let placed = container::mounts(pod, spec, &container::environment(&on, spec)?)?;
    let mounts = mounts(agent, (key, &spec.name), placed, given.places).await?;
    let log = agent.volumes.pod(&key.uid).join("logs").join(&spec.name);
    let run = Run {
        spec,
        attempt,
        step,
        image_id: given.image_id,
        log_path: log.join(format!("{attempt}.log")),
        mounts,
    };
    Ok(container::config(&on, run)?)
}

/// The mounts with their places on the node; parts of volumes are looked up and held.
async fn mounts(
    agent: &Agent,
    (key, container): (&PodRef, &str),
    placed: Vec<Placed>,
    places: BTreeMap<String, PathBuf>,
) -> Result<Vec<Mount>, NodeError> {
    let (volumes, uid, container) = (agent.volumes.clone(), key.uid.clone(), container.to_owned());
    let task = tokio::task::spawn_blocking(move || {
        let mut mounts = Vec::new();
        for (number, placed) in placed.into_iter().enumerate() {
            let volume = places
                .get(&placed.volume)
                .ok_or_else(|| NodeError::NoVolume {
                    volume: placed.volume.clone(),
                })?;
            let part = Part {
                volume,
                sub_path: &placed.sub_path,
                container: &container,
                number,
            };
            let source = if placed.sub_path.is_empty() {
                volume.clone()
            } else {
                volumes.part(&uid, part)?
            };
            mounts.push(placed.at(source));
        }
        Ok(mounts)
    });
    task.await
        .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Runs the hook, without which the container does not count as started; then probes begin.
async fn after_start(
    agent: &Agent,
    (key, pod): (&PodRef, &Pod),
    spec: &Container,
    id: ContainerId,
) {
    agent.look(id.sandbox.clone()).await;
    let lifecycle = spec.lifecycle.as_ref();
    if let Some(hook) = lifecycle.and_then(|lifecycle| lifecycle.post_start.as_ref())
        && let Err(why) = hooks::run(agent, (key, spec), &id, hook).await
    {
        let path = field_path(pod, &spec.name);
        agent.tell(note(
            (pod, &path),
            (true, "FailedPostStartHook"),
            format!("PostStartHook failed: {why}"),
        ));
        let because = "FailedPostStartHook".to_owned();
        agent.tell(note((pod, &path), (false, "Killing"), because));
        let stopped = agent.runtime.stop(id, grace(pod)).await;
        gantry_base::ignore(stopped, "whether it has ended is seen anyway");
        return;
    }
    agent.state.lock().hook_done(key, &id);
    probing::watch(agent, id, spec);
}

fn grace(pod: &Pod) -> Duration {
    let seconds = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.termination_grace_period_seconds);
    Duration::from_secs(
        seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .unwrap_or(0),
    )
}

/// Makes a stop that is under way end sooner.
pub(super) fn stop_sooner(agent: &Agent, id: ContainerId, grace: Duration) {
    let runtime = Arc::clone(&agent.runtime);
    agent.spawn(async move {
        let stopped = runtime.stop(id, grace).await;
        gantry_base::ignore(stopped, "the first stop tells how it went");
    });
}

/// Stops a container: its hook, its signal, the wait, the end. What fails is told by what is seen.
pub(super) async fn stop(
    agent: &Agent,
    (key, pod): (&PodRef, &Pod),
    (id, grace, because): (&ContainerId, Duration, String),
) -> bool {
    agent.tell(note(
        (pod, &field_path(pod, &id.name)),
        (false, "Killing"),
        because,
    ));
    let begun = agent.clock.now();
    if !grace.is_zero() {
        before_stop(agent, (key, pod), id, grace).await;
    }
    let left = grace.saturating_sub(since(agent.clock.now(), begun));
    let stopped = agent.runtime.stop(id.clone(), left).await;
    if let Err(error) = &stopped {
        let error = gantry_base::chain(error);
        tracing::warn!(container = %id, error, "could not stop a container");
        agent.clock.sleep(STOP_PAUSE).await;
    }
    agent.look(id.sandbox.clone()).await;
    stopped.is_ok()
}

/// Runs the hook before the stop, within the grace.
async fn before_stop(
    agent: &Agent,
    (key, pod): (&PodRef, &Pod),
    id: &ContainerId,
    grace: Duration,
) {
    let spec = all_containers(pod).find(|spec| spec.name == id.name);
    let hook = spec.and_then(|spec| Some((spec, spec.lifecycle.as_ref()?.pre_stop.as_ref()?)));
    let Some((spec, hook)) = hook else { return };
    let ran = tokio::time::timeout(grace, hooks::run(agent, (key, spec), id, hook)).await;
    if let Ok(Err(why)) = ran {
        let path = field_path(pod, &id.name);
        let message = format!("PreStopHook failed: {why}");
        agent.tell(note((pod, &path), (true, "FailedPreStopHook"), message));
    }
}

/// Forgets a container that has ended, and what it wrote.
pub(super) async fn forget(agent: &Agent, id: ContainerId) -> bool {
    let logs = agent.runtime.logs(id.clone()).await.unwrap_or_default();
    let removed = agent.runtime.remove(id.clone()).await;
    if let Err(error) = &removed {
        let error = gantry_base::chain(error);
        tracing::warn!(container = %id, error, "could not forget a container");
    } else {
        for file in logs {
            gantry_base::ignore(
                std::fs::remove_file(file),
                "it goes with the pod at the latest",
            );
        }
    }
    agent.look(id.sandbox).await;
    removed.is_ok()
}
