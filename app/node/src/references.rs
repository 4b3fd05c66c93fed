//! The ConfigMaps and Secrets that pods of this node refer to, each followed by itself: a node may
//! see no others.
//!
//! What a pod refers to is known only after the first answer; until then nobody may take it for
//! missing.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use serde_json::Value;
use tokio::task::AbortHandle;

use gantry_api::{GroupResource, ObjectKey, Revision};
use gantry_client::{Frames, requests};
use gantry_driver::limits::REWATCH;
use gantry_kubelet::references::{Kind, Reference, references};
use gantry_kubelet::sandbox_config::reference;
use gantry_reconcile::{Cached, View};
use gantry_registry::request::{Request, Verb};

use crate::agent::Agent;

/// Marks the end of what existed when a watch began.
const INITIAL_END: &str = "/metadata/annotations/k8s.io~1initial-events-end";

/// What pods refer to, as it is by now.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// Held for a look or a change only.
    followed: Mutex<BTreeMap<Reference, Followed>>,
}

#[derive(Debug)]
struct Followed {
    /// Whether it is known by now what there is.
    known: bool,
    object: Option<Arc<dyn Cached>>,
    task: AbortHandle,
}

impl References {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Reference, Followed>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what is followed to a view.
    pub(crate) fn add_to(&self, view: &mut View) {
        for object in self
            .lock()
            .values()
            .filter_map(|followed| followed.object.as_ref())
        {
            view.put(Arc::clone(object), Revision::default());
        }
    }

    /// Whether it is known what there is of all that the pod refers to.
    pub(crate) fn are_known(&self, pod: &Pod) -> bool {
        let followed = self.lock();
        let is_known = |reference| followed.get(&reference).is_some_and(|known| known.known);
        references(pod).into_iter().all(is_known)
    }

    /// Ceases to follow what no pod of the view refers to.
    pub(crate) fn forget_others(&self, view: &View) {
        let wanted: BTreeSet<Reference> =
            view.all::<Pod>().flat_map(|pod| references(&pod)).collect();
        self.lock().retain(|reference, followed| {
            let keep = wanted.contains(reference);
            if !keep {
                followed.task.abort();
            }
            keep
        });
    }

    fn set(&self, reference: &Reference, object: Option<Arc<dyn Cached>>) {
        if let Some(followed) = self.lock().get_mut(reference) {
            followed.object = object;
            followed.known = true;
        }
    }
}

/// Begins to follow what the pod refers to, where that was not done before.
pub(crate) fn follow(agent: &Agent, pod: &Pod) {
    for wanted in references(pod) {
        let mut followed = agent.references.lock();
        if let Entry::Vacant(place) = followed.entry(wanted.clone()) {
            place.insert(Followed {
                known: false,
                object: None,
                task: agent.spawn(watch(agent.clone(), wanted)),
            });
        }
    }
}

/// Follows one object for as long as somebody refers to it.
async fn watch(agent: Agent, wanted: Reference) {
    let mut failures = 0;
    loop {
        match agent.api.watch(request(&wanted)).await {
            Ok(frames) => {
                failures = 0;
                read(&agent, &wanted, frames).await;
            }
            Err(rejection) => {
                tracing::warn!(name = wanted.name, kind = ?wanted.kind, %rejection, "could not watch");
                failures += 1;
            }
        }
        agent.clock.sleep(REWATCH.delay(failures)).await;
    }
}

fn request(wanted: &Reference) -> Request {
    let resource = match wanted.kind {
        Kind::ConfigMap => GroupResource::of::<ConfigMap>(),
        Kind::Secret => GroupResource::of::<Secret>(),
    };
    let collection = ObjectKey::new(resource, &wanted.namespace, "");
    let mut request = requests::request(Verb::Watch, &collection, "v1");
    request.options.field_selector = Some(format!("metadata.name={}", wanted.name));
    request.options.send_initial_events = Some(true);
    request.options.resource_version_match = Some("NotOlderThan".to_owned());
    request.options.allow_bookmarks = true;
    request
}

/// Applies events until the watch ends.
async fn read(agent: &Agent, wanted: &Reference, mut frames: Box<dyn Frames>) {
    let mut initial = Some(None);
    while let Some(frame) = frames.next().await {
        let Some((kind, object)) = event(&frame) else {
            return;
        };
        let now = match kind.as_str() {
            "ADDED" | "MODIFIED" => typed(wanted.kind, object),
            "DELETED" => None,
            "BOOKMARK" if object.pointer(INITIAL_END).is_some() => match initial.take() {
                Some(found) => {
                    settle(agent, wanted, found);
                    continue;
                }
                None => continue,
            },
            "BOOKMARK" => continue,
            _ => return,
        };
        match &mut initial {
            Some(found) => *found = now,
            None => settle(agent, wanted, now),
        }
    }
}

fn event(frame: &Bytes) -> Option<(String, Value)> {
    let mut event: Value = serde_json::from_slice(frame).ok()?;
    let kind = event["type"].as_str()?.to_owned();
    Some((kind, event["object"].take()))
}

fn typed(kind: Kind, object: Value) -> Option<Arc<dyn Cached>> {
    match kind {
        Kind::ConfigMap => Some(Arc::new(serde_json::from_value::<ConfigMap>(object).ok()?)),
        Kind::Secret => Some(Arc::new(serde_json::from_value::<Secret>(object).ok()?)),
    }
}

/// Notes what there is by now; what failed for want of it is tried at once.
fn settle(agent: &Agent, wanted: &Reference, object: Option<Arc<dyn Cached>>) {
    agent.references.set(wanted, object);
    let view = agent.cache.view();
    let pods = view.within::<Pod>(&wanted.namespace);
    for pod in pods.filter(|pod| references(pod).contains(wanted)) {
        let key = reference(&pod);
        agent.state.lock().retry_mount(&key);
        agent.wake(&key);
    }
}
