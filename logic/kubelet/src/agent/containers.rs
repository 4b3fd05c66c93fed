//! Containers: what one is made with, and how its start went.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use k8s_openapi::api::core::v1::{Container as Spec, Pod};

use gantry_base::Timestamp;

use super::{Around, State};
use crate::pod::Image;
use crate::probes::Probes;
use crate::sandbox::{Container, ContainerId, ContainerState, PodRef};

/// What a container is made with besides what the API's objects say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The pod's addresses.
    pub addresses: Vec<String>,
    /// The exact image.
    pub image_id: String,
    /// Where the pod's volumes are, by name.
    pub places: BTreeMap<String, PathBuf>,
}

/// What kept a container from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartFailure {
    /// Its program could not be started; that left an ended container.
    Program,
    /// Its image is not there any more.
    Image,
    /// Anything else.
    Other,
}

impl State {
    /// What a container of the pod is made with.
    #[must_use]
    pub fn given(&self, around: &Around, (key, pod): (&PodRef, &Pod), container: &str) -> Given {
        let Some(known) = self.pods.get(key) else {
            return Given::default();
        };
        let sandbox = known.sandbox.as_ref();
        let latest = sandbox.and_then(|sandbox| sandbox.latest(container));
        let image_id = match (known.images.get(container), latest) {
            (Some((_, Image::Present { id })), _) => id.clone(),
            (_, Some(latest)) => latest.config.image_id.clone(),
            (_, None) => String::new(),
        };
        let mounted = known.mounted.clone();
        Given {
            addresses: known.addresses(pod, &around.host_addresses),
            image_id,
            places: mounted.map(|mounted| mounted.places).unwrap_or_default(),
        }
    }

    /// Notes that a container was made and is about to be started: its probes are there before
    /// anyone can see it run.
    pub fn created(&mut self, key: &PodRef, spec: &Spec, id: &ContainerId, now: Timestamp) {
        let probes = Probes::new(spec, now);
        self.pod(key).probes.insert(id.clone(), probes);
    }

    /// Notes that the hook after the start is through, or that there is none.
    pub fn hook_done(&mut self, key: &PodRef, id: &ContainerId) {
        let known = self.pods.get_mut(key);
        if let Some(probes) = known.and_then(|known| known.probes.get_mut(id)) {
            probes.hook_done();
        }
    }

    /// Notes why a container does not run. Answers whether its task went well all the same.
    ///
    /// A program that cannot be started leaves an ended container, which is restarted like any
    /// other; whatever else fails is told of until it is tried again. One that runs all the same,
    /// whatever the runtime said, is taken over like those of an earlier agent.
    pub fn not_started(
        &mut self,
        key: &PodRef,
        container: &str,
        (failure, why): (StartFailure, String),
    ) -> bool {
        let known = self.pod(key);
        known.probes.retain(|id, _| id.name != container);
        if failure == StartFailure::Program {
            return true;
        }
        if failure == StartFailure::Image {
            known.images.remove(container);
        }
        known.start_errors.insert(container.to_owned(), why);
        false
    }

    /// The newest run of a container, of the pod with this uid, as it was last seen.
    #[must_use]
    pub fn latest(&self, uid: &str, container: &str) -> Option<&Container> {
        let known = self.pods.get(&self.key_of(uid)?)?;
        known.sandbox.as_ref()?.latest(container)
    }

    /// Whether a container ran when it was last seen.
    #[must_use]
    pub fn is_running(&self, id: &ContainerId) -> bool {
        let key = self.key_of(&id.sandbox.0);
        let known = key.and_then(|key| self.pods.get(&key));
        let sandbox = known.and_then(|known| known.sandbox.as_ref());
        let containers = sandbox.into_iter().flat_map(|sandbox| &sandbox.containers);
        containers
            .filter(|container| container.id == *id)
            .any(|container| matches!(container.state, ContainerState::Running { .. }))
    }

    /// The images of all containers that exist or are about to be made.
    #[must_use]
    pub fn images_in_use(&self) -> BTreeSet<&str> {
        let mut all = BTreeSet::new();
        for known in self.pods.values() {
            let made = known.sandbox.iter().flat_map(|sandbox| &sandbox.containers);
            all.extend(made.map(|container| container.config.image_id.as_str()));
            all.extend(known.images.values().filter_map(|(_, image)| match image {
                Image::Present { id } => Some(id.as_str()),
                Image::Absent | Image::Failed { .. } => None,
            }));
        }
        all
    }
}
