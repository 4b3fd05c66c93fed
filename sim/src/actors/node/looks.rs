//! What the agent sees of its machine, and what its pods refer to.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};

use gantry_api::{GroupResource, ObjectKey, Rejection};
use gantry_kubelet::agent::{Mark, Mounted};
use gantry_kubelet::references::{Kind, Reference, references};
use gantry_kubelet::sandbox::SandboxId;
use gantry_kubelet::volume_content::fingerprint;
use gantry_reconcile::Cached;
use gantry_registry::Request;
use gantry_registry::request::Verb;
use gantry_steering::requests::request;

use super::Node;
use super::jobs::Job;
use crate::actor::Desk;

impl Node {
    /// Notes what a sandbox looks like by now, and makes its pod due.
    pub(super) fn look(&mut self, id: &SandboxId, desk: &Desk<'_>) {
        let seen = self.machine.runtime.inspect(id);
        let seen = seen.filter(|_| !self.plant.has_left(id));
        let key = match &seen {
            Some(sandbox) => Some(sandbox.config.pod.clone()),
            None => self.agent.state.key_of(&id.0),
        };
        let Some(key) = key else { return };
        if self.agent.is_awake && self.agent.state.saw(&key, seen) {
            self.agent.turns.due(key, desk.now);
        }
    }

    /// Puts a pod's volumes in place: everything that it refers to has to be read.
    pub(super) fn mount(&mut self, mark: Mark, pod: Arc<Pod>, desk: &mut Desk<'_>) {
        let mut left: Vec<Reference> = references(&pod).into_iter().collect();
        match left.pop() {
            Some(first) => {
                let request = read(&first);
                let job = Job::Mount(mark, pod, first, left);
                self.agent.ask(request, job, desk);
            }
            None => self.mounted(&mark, &pod, desk),
        }
    }

    pub(super) fn mount_read(
        &mut self,
        (mark, pod): (Mark, Arc<Pod>),
        (reference, mut left): (Reference, Vec<Reference>),
        answer: Result<Bytes, Rejection>,
        desk: &mut Desk<'_>,
    ) {
        match answer.map(|answer| typed(&reference, &answer)) {
            Ok(Some(object)) => {
                self.agent.held.insert(reference, object);
            }
            Ok(None) => {}
            Err(why) => {
                let outcome = Err(why.to_string());
                self.agent.state.mounted(&mark.key, outcome, desk.now);
                return self.ended(&mark, true, desk);
            }
        }
        match left.pop() {
            Some(next) => {
                let request = read(&next);
                self.agent
                    .ask(request, Job::Mount(mark, pod, next, left), desk);
            }
            None => self.mounted(&mark, &pod, desk),
        }
    }

    fn mounted(&mut self, mark: &Mark, pod: &Pod, desk: &Desk<'_>) {
        let view = self.agent.view();
        let mounted = Mounted {
            fingerprint: fingerprint(pod, &view),
            places: BTreeMap::new(),
            renew_at: None,
        };
        self.agent.state.mounted(&mark.key, Ok(mounted), desk.now);
        self.ended(mark, true, desk);
    }
}

fn read(wanted: &Reference) -> Request {
    let resource = match wanted.kind {
        Kind::ConfigMap => GroupResource::of::<ConfigMap>(),
        Kind::Secret => GroupResource::of::<Secret>(),
    };
    let key = ObjectKey::new(resource, &wanted.namespace, &wanted.name);
    request(Verb::Get, &key, "v1")
}

fn typed(wanted: &Reference, answer: &Bytes) -> Option<Arc<dyn Cached>> {
    match wanted.kind {
        Kind::ConfigMap => Some(Arc::new(serde_json::from_slice::<ConfigMap>(answer).ok()?)),
        Kind::Secret => Some(Arc::new(serde_json::from_slice::<Secret>(answer).ok()?)),
    }
}
