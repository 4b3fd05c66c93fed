//! The world of one pod, gathered from the API's objects and from what the agent saw.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};

use gantry_base::Timestamp;
use gantry_reconcile::View;

use super::{Around, Known, State, Turn, find};
use crate::container::{self, Surroundings};
use crate::pace::Effort;
use crate::pod::{Image, PodWorld, Task, Volumes, all_containers};
use crate::probes::{Health, Probes};
use crate::sandbox::{ContainerId, ContainerState, PodRef, Sandbox};
use crate::support;
use crate::volume_content::fingerprint;

/// What came of looking at a pod.
#[derive(Clone, Debug)]
pub struct Observed {
    /// What is to be decided on.
    pub turn: Turn,
    /// Containers that ran before this agent did: from now on they are to be asked how they are.
    pub resumed: Vec<(ContainerId, Container)>,
}

impl State {
    /// The world of `key`, or nothing when there is nothing left of it.
    ///
    /// `view` holds what the pod refers to; `are_known` says whether it is known of all of that
    /// whether it exists.
    pub fn observe(
        &mut self,
        around: &Around,
        (view, are_known): (&View, bool),
        key: &PodRef,
        now: Timestamp,
    ) -> Option<Observed> {
        let Some(pod) = find(view, key) else {
            return self.traces(key, now);
        };
        let known = self.pods.entry(key.clone()).or_default();
        let resumed = resume(&pod, known, now);
        let is_routed = known
            .address
            .is_some_and(|address| self.routed.contains(&address));
        let mut world = world(around, (view, &pod), known, now);
        world.is_routed = is_routed;
        if !are_known {
            // Until it is known what there is, nothing is missing: as if it were being put in place.
            world.config_errors.clear();
            world.under_way.insert(Task::Mount);
            world.volumes = Volumes::Absent;
        }
        let turn = Turn {
            now,
            key: key.clone(),
            pace: known.pace.clone(),
            world: Some(world),
        };
        Some(Observed { turn, resumed })
    }

    /// A pod that the API does not have: to be cleared away, unless that is being done.
    fn traces(&self, key: &PodRef, now: Timestamp) -> Option<Observed> {
        let known = self.pods.get(key)?;
        if known.under_way.contains(&Task::Sandbox) {
            return None;
        }
        let turn = Turn {
            now,
            key: key.clone(),
            pace: known.pace.clone(),
            world: None,
        };
        let resumed = Vec::new();
        Some(Observed { turn, resumed })
    }
}

fn world(
    around: &Around,
    (view, pod): (&View, &Arc<Pod>),
    known: &Known,
    now: Timestamp,
) -> PodWorld {
    let addresses = match known.sandbox {
        Some(_) => known.addresses(pod, &around.host_addresses),
        None => Vec::new(),
    };
    let on = around.surroundings(pod, view, &addresses);
    let (volumes, config_errors) = (volumes(&on, known, now), config_errors(&on, known, now));
    PodWorld {
        now,
        pod: Arc::clone(pod),
        sandbox: known.sandbox.clone().filter(|_| !known.making),
        unsupported: support::unsupported(pod),
        volumes,
        images: images(pod, known),
        config_errors,
        health: health(known),
        under_way: known.under_way.clone(),
        is_routed: false,
        addresses,
        host_addresses: around.host_addresses.clone(),
    }
}

/// Containers that ran before this agent did keep the health that was last reported of them.
fn resume(pod: &Pod, known: &mut Known, now: Timestamp) -> Vec<(ContainerId, Container)> {
    let running = known.sandbox.iter().flat_map(|sandbox| &sandbox.containers);
    let running =
        running.filter(|container| matches!(container.state, ContainerState::Running { .. }));
    let mut resumed = Vec::new();
    for id in running.map(|container| &container.id) {
        let is_starting = known.under_way.contains(&Task::Container(id.name.clone()));
        if known.probes.contains_key(id) || is_starting {
            continue;
        }
        if let Some(spec) = all_containers(pod).find(|spec| spec.name == id.name) {
            let probes = Probes::resumed(spec, now, reported(pod, &id.name));
            known.probes.insert(id.clone(), probes);
            resumed.push((id.clone(), spec.clone()));
        }
    }
    resumed
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

/// Volumes that were made from something older have to be made again.
fn volumes(on: &Surroundings<'_>, known: &Known, now: Timestamp) -> Volumes {
    let mounted = known.mounted.as_ref();
    let Some(mounted) = mounted.filter(|_| known.volumes == Volumes::Ready) else {
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
fn images(pod: &Pod, known: &Known) -> BTreeMap<String, Image> {
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
fn config_errors(on: &Surroundings<'_>, known: &Known, now: Timestamp) -> BTreeMap<String, String> {
    let mut errors = BTreeMap::new();
    for spec in all_containers(on.pod) {
        if is_settled(known.sandbox.as_ref(), on.pod, spec) {
            continue;
        }
        let failed = known.start_errors.get(&spec.name);
        let held = failed.filter(|_| known.pace.holds(&Effort::Start(spec.name.clone()), now));
        let error = match (container::check(on, spec), held) {
            (Err(error), _) => error.to_string(),
            (Ok(()), Some(why)) => why.clone(),
            (Ok(()), None) => continue,
        };
        errors.insert(spec.name.clone(), error);
    }
    errors
}

/// Whether the container runs, or has done once and for all what it was there for.
fn is_settled(sandbox: Option<&Sandbox>, pod: &Pod, spec: &Container) -> bool {
    let latest = sandbox.and_then(|sandbox| sandbox.latest(&spec.name));
    latest.is_some_and(|latest| match &latest.state {
        ContainerState::Created => false,
        ContainerState::Running { .. } => true,
        ContainerState::Exited(exit) => exit.code == 0 && runs_once(pod, spec),
    })
}

/// Whether the container only prepares what others need.
fn runs_once(pod: &Pod, spec: &Container) -> bool {
    let first = pod.spec.iter();
    let mut first = first.flat_map(|spec| spec.init_containers.iter().flatten());
    let is_it = first.any(|first| first.name == spec.name);
    is_it && spec.restart_policy.as_deref() != Some("Always")
}

fn health(known: &Known) -> BTreeMap<ContainerId, Health> {
    let health = known.probes.iter();
    health
        .map(|(id, probes)| (id.clone(), probes.health()))
        .collect()
}
