//! One container: made and started, stopped, forgotten.

use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod};

use gantry_base::time::{after, since};
use gantry_kubelet::container::{self, Placed, Run};
use gantry_kubelet::pod::{Image, Task, all_containers};
use gantry_kubelet::probes::Probes;
use gantry_kubelet::sandbox::{ContainerId, Mount, MountSource, PodRef, SandboxId};
use gantry_runtime::RuntimeError;
use gantry_volumes::Part;

use super::{UnderWay, field_path, note};
use crate::agent::Agent;
use crate::{NodeError, hooks, probing};

/// A stop that comes this much earlier than the one under way is passed on.
const SOONER: Duration = Duration::from_millis(500);

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
            // A program that cannot be started leaves an ended container, which is restarted like
            // any other; whatever else fails is told of until it is tried again.
            let is_recorded = matches!(&error, NodeError::Runtime(RuntimeError::Start(_)));
            if !is_recorded {
                let mut state = agent.state.lock();
                let known = state.pod(key);
                if matches!(&error, NodeError::Runtime(RuntimeError::Image { .. })) {
                    known.images.remove(name);
                }
                known.start_errors.insert(name.to_owned(), why);
            }
            is_recorded
        }
    };
    agent.look(SandboxId(key.uid.clone())).await;
    well
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
    // The probes are there before anyone can see the container run.
    let probes = Probes::new(spec, agent.clock.now());
    agent
        .state
        .lock()
        .pod(key)
        .probes
        .insert(id.clone(), probes);
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
    let hosts = agent.host_addresses();
    let (addresses, image_id) = known(agent, key, pod, &spec.name);
    let seccomp_dir = agent.seccomp_dir();
    let on = agent.surroundings((pod, &view), (&addresses, &hosts), &seccomp_dir);
    let placed = container::mounts(pod, spec, &container::environment(&on, spec)?)?;
    let mounts = mounts(agent, key, &spec.name, placed).await?;
    let log = agent.volumes.pod(&key.uid).join("logs").join(&spec.name);
    let run = Run {
        spec,
        attempt,
        step,
        image_id,
        log_path: log.join(format!("{attempt}.log")),
        mounts,
    };
    Ok(container::config(&on, run)?)
}

/// The pod's addresses, and the image that the container gets.
fn known(agent: &Agent, key: &PodRef, pod: &Pod, container: &str) -> (Vec<String>, String) {
    let mut state = agent.state.lock();
    let known = state.pod(key);
    let host_network = pod
        .spec
        .as_ref()
        .is_some_and(|spec| spec.host_network == Some(true));
    let addresses = match known.address {
        _ if host_network => agent.host_addresses(),
        Some(address) => vec![address.to_string()],
        None => Vec::new(),
    };
    let latest = known
        .sandbox
        .as_ref()
        .and_then(|sandbox| sandbox.latest(container));
    let image = match known.images.get(container) {
        Some((_, Image::Present { id })) => id.clone(),
        _ => latest
            .map(|latest| latest.config.image_id.clone())
            .unwrap_or_default(),
    };
    (addresses, image)
}

/// The mounts with their places on the node; parts of volumes are looked up and held.
async fn mounts(
    agent: &Agent,
    key: &PodRef,
    container: &str,
    placed: Vec<Placed>,
) -> Result<Vec<Mount>, NodeError> {
    let mounted = agent.state.lock().pod(key).mounted.clone();
    let places = mounted.map(|mounted| mounted.places).unwrap_or_default();
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
            mounts.push(mount(placed, source));
        }
        Ok(mounts)
    });
    task.await
        .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

fn mount(placed: Placed, source: PathBuf) -> Mount {
    Mount {
        source: MountSource::Host(source),
        destination: placed.destination,
        readonly: placed.readonly,
        recursive_readonly: placed.recursive_readonly,
        propagation: placed.propagation,
    }
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
    if let Some(probes) = agent.state.lock().pod(key).probes.get_mut(&id) {
        probes.hook_done();
    }
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

/// Begins to stop a container, or makes a stop that is under way end sooner.
pub(super) fn begin_stop(
    agent: &Agent,
    (key, pod): (PodRef, Option<std::sync::Arc<Pod>>),
    (id, grace, because): (ContainerId, Duration, String),
) {
    let Some(pod) = pod else { return };
    let now = agent.clock.now();
    let ends = after(now, grace);
    let known = agent.state.lock().pod(&key).stopping.get(&id).copied();
    match known {
        Some(known) if since(known, ends) < SOONER => {}
        Some(_) => {
            agent
                .state
                .lock()
                .pod(&key)
                .stopping
                .insert(id.clone(), ends);
            let agent = agent.clone();
            agent.clone().spawn(async move {
                let stopped = agent.runtime.stop(id, grace).await;
                gantry_base::ignore(stopped, "the first stop tells how it went");
            });
        }
        None => {
            let task = Task::Container(id.name.clone());
            let mark = UnderWay::new(agent, &key, task);
            agent
                .state
                .lock()
                .pod(&key)
                .stopping
                .insert(id.clone(), ends);
            let agent = agent.clone();
            agent.clone().spawn(async move {
                stop(&agent, (&key, &pod), (&id, grace, because)).await;
                agent.state.lock().pod(&key).stopping.remove(&id);
                agent.look(id.sandbox.clone()).await;
                drop(mark);
            });
        }
    }
}

async fn stop(
    agent: &Agent,
    (key, pod): (&PodRef, &Pod),
    (id, grace, because): (&ContainerId, Duration, String),
) {
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
    if let Err(error) = agent.runtime.stop(id.clone(), left).await {
        let error = gantry_base::chain(&error);
        tracing::warn!(container = %id, error, "could not stop a container");
        // It is named again at once; a pause keeps that from being a busy loop.
        agent.clock.sleep(Duration::from_secs(1)).await;
    }
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
