//! The world of one pod, gathered from the API's objects and from what the agent saw.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};

use gantry_base::Timestamp;
use gantry_kubelet::container::{self, Surroundings};
use gantry_kubelet::pod::{Image, PodWorld, Task, Volumes, all_containers};
use gantry_kubelet::probes::Probes;
use gantry_kubelet::sandbox::{ContainerState, PodRef, Sandbox};
use gantry_kubelet::volume_content::fingerprint;
use gantry_kubelet::{pace::Effort, support};
use gantry_reconcile::View;

use super::Turn;
use crate::agent::{Agent, find};
use crate::state::PodState;
use crate::{probing, references};

/// The world of `key`, or nothing when there is nothing left of it.
pub(super) fn observe(agent: &Agent, view: &View, key: &PodRef, now: Timestamp) -> Option<Turn> {
    let Some(pod) = find(view, key) else {
        agent.references.forget_others(view);
        return traces(agent, key, now);
    };
    references::follow(agent, &pod);
    let mut view = view.clone();
    agent.references.add_to(&mut view);
    let are_known = agent.references.are_known(&pod);
    let host_addresses = agent.host_addresses();
    let mut state = agent.state.lock();
    let routed = state.routed.clone();
    let known = state.pod(key);
    resume(agent, &pod, known, now);
    let addresses = addresses(&pod, known, &host_addresses);
    let seccomp_dir = agent.seccomp_dir();
    let on = agent.surroundings((&pod, &view), (&addresses, &host_addresses), &seccomp_dir);
    let mut world = PodWorld {
        now,
        pod: Arc::clone(&pod),
        sandbox: known.sandbox.clone().filter(|_| !known.making),
        unsupported: support::unsupported(&pod),
        volumes: volumes(&on, known, now),
        images: images(&pod, known),
        config_errors: BTreeMap::new(),
        health: health(known),
        under_way: known.under_way.clone(),
        is_routed: known
            .address
            .is_some_and(|address| routed.contains(&address)),
        addresses: addresses.clone(),
        host_addresses: host_addresses.clone(),
    };
    if are_known {
        world.config_errors = config_errors(&on, known, now);
    } else {
        // Until it is known what there is, nothing is missing: as if it were being put in place.
        world.under_way.insert(Task::Mount);
        world.volumes = Volumes::Absent;
    }
    let pace = known.pace.clone();
    let key = key.clone();
    Some(Turn {
        now,
        key,
        pace,
        world: Some(world),
    })
}

/// A pod that the API does not have: to be cleared away, unless that is being done.
fn traces(agent: &Agent, key: &PodRef, now: Timestamp) -> Option<Turn> {
    let state = agent.state.lock();
    let known = state.pods.get(key)?;
    if known.under_way.contains(&Task::Sandbox) {
        return None;
    }
    let (key, pace) = (key.clone(), known.pace.clone());
    Some(Turn {
        now,
        key,
        pace,
        world: None,
    })
}

/// Containers that ran before this agent did keep the health that was last reported of them.
fn resume(agent: &Agent, pod: &Pod, known: &mut PodState, now: Timestamp) {
    let running = known.sandbox.iter().flat_map(|sandbox| &sandbox.containers);
    let running =
        running.filter(|container| matches!(container.state, ContainerState::Running { .. }));
    let ids: Vec<_> = running.map(|container| container.id.clone()).collect();
    for id in ids {
        let is_starting = known.under_way.contains(&Task::Container(id.name.clone()));
        if known.probes.contains_key(&id) || is_starting {
            continue;
        }
        let Some(spec) = all_containers(pod).find(|spec| spec.name == id.name) else {
            continue;
        };
        let probes = Probes::resumed(spec, now, reported(pod, &id.name));
        known.probes.insert(id.clone(), probes);
        probing::watch(agent, id, spec);
    }
}

/// Whether the status says that the container has started, and that it is ready.
fn reported(pod: &Pod, name: &str) -> (bool, bool) {
    let status = pod.status.iter();
    let statuses = status.flat_map(|status| {
        let init = status.init_container_statuses.iter().flatten();
        init.chain(status.container_statuses.iter().flatten())
    });
    let mut own = statuses.filter(|status| status.name == name);
    let flags = |status: &ContainerStatus| (status.started == Some(true), status.ready);
    own.next().map_or((false, false), flags)
}

fn addresses(pod: &Pod, known: &PodState, host: &[String]) -> Vec<String> {
    let host_network = pod
        .spec
        .as_ref()
        .is_some_and(|spec| spec.host_network == Some(true));
    match (&known.sandbox, known.address) {
        (Some(_), _) if host_network => host.to_vec(),
        (Some(_), Some(address)) => vec![address.to_string()],
        _ => Vec::new(),
    }
}

/// Volumes that were made from something older have to be made again.
fn volumes(on: &Surroundings<'_>, known: &PodState, now: Timestamp) -> Volumes {
    let Some(mounted) = known
        .mounted
        .as_ref()
        .filter(|_| known.volumes == Volumes::Ready)
    else {
        return known.volumes.clone();
    };
    let is_fresh = mounted.fingerprint == fingerprint(on.pod, on.view)
        && mounted.renew_at.is_none_or(|renew_at| now < renew_at);
    if is_fresh {
        Volumes::Ready
    } else {
        Volumes::Absent
    }
}

/// The images that were found; those of containers that exist need not be looked for. What was
/// found under another name than the pod uses now does not count.
fn images(pod: &Pod, known: &PodState) -> BTreeMap<String, Image> {
    let mut images = BTreeMap::new();
    for spec in all_containers(pod) {
        let wanted = spec.image.as_deref().unwrap_or_default();
        let found = known.images.get(&spec.name);
        let found = found.filter(|(asked, _)| asked == wanted);
        let sandbox = known.sandbox.as_ref();
        let latest = sandbox.and_then(|sandbox| sandbox.latest(&spec.name));
        let latest = latest.filter(|latest| latest.config.image == wanted);
        let image = match (found, latest) {
            (Some((_, image)), _) => image.clone(),
            (None, Some(latest)) => Image::Present {
                id: latest.config.image_id.clone(),
            },
            (None, None) => continue,
        };
        images.insert(spec.name.clone(), image);
    }
    images
}

/// What is wrong with the containers that would be started next.
fn config_errors(
    on: &Surroundings<'_>,
    known: &PodState,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let mut errors = BTreeMap::new();
    for spec in all_containers(on.pod) {
        if is_running(known.sandbox.as_ref(), spec) {
            continue;
        }
        let failed = known.start_errors.get(&spec.name);
        let held = failed.filter(|_| known.pace.holds(&Effort::Start(spec.name.clone()), now));
        match (container::check(on, spec), held) {
            (Err(error), _) => drop(errors.insert(spec.name.clone(), error.to_string())),
            (Ok(()), Some(why)) => drop(errors.insert(spec.name.clone(), why.clone())),
            (Ok(()), None) => {}
        }
    }
    errors
}

fn is_running(sandbox: Option<&Sandbox>, spec: &Container) -> bool {
    let latest = sandbox.and_then(|sandbox| sandbox.latest(&spec.name));
    latest.is_some_and(|latest| matches!(latest.state, ContainerState::Running { .. }))
}

fn health(
    known: &PodState,
) -> BTreeMap<gantry_kubelet::sandbox::ContainerId, gantry_kubelet::probes::Health> {
    let health = known
        .probes
        .iter()
        .map(|(id, probes)| (id.clone(), probes.health()));
    health.collect()
}
