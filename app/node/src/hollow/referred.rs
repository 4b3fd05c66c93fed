//! The ConfigMaps and Secrets that pods of hollow nodes refer to: read when somebody needs them,
//! and kept for a while for all who do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};

use gantry_api::views::PodView;
use gantry_api::{Rejection, Revision};
use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_client::{Access, Api};
use gantry_kubelet::references::{Kind, Reference, references};
use gantry_kubelet::sandbox::PodRef;
use gantry_kubelet::sandbox_config::reference;
use gantry_reconcile::{Cached, View};

use super::limits::{FRESH, MISSING, READ_AGAIN};
use super::node::Node;

/// What pods refer to, as it was read.
#[derive(Debug, Default)]
pub(super) struct Referred {
    /// Held for a look or a change only.
    all: Mutex<BTreeMap<Reference, Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// What there was, if anything, and when it was read; nothing before the first answer.
    answer: Option<(Option<Arc<dyn Cached>>, Timestamp)>,
    is_reading: bool,
    /// Who is to be told of the first answer.
    waiting: BTreeMap<PodRef, Arc<Node>>,
}

impl Known {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.answer.as_ref().is_some_and(|(found, read_at)| {
            let lasts = if found.is_some() { FRESH } else { MISSING };
            since(now, *read_at) < lasts
        })
    }
}

impl Referred {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Reference, Known>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what is known of what a pod refers to.
    pub(super) fn add_to(&self, view: &mut View, pod: &Pod) {
        let all = self.lock();
        for wanted in references(pod) {
            let answer = all.get(&wanted).and_then(|known| known.answer.as_ref());
            if let Some((Some(object), _)) = answer {
                view.put(Arc::clone(object), Revision::default());
            }
        }
    }

    /// Forgets what no pod of the view refers to.
    pub(super) fn forget_others(&self, view: &View) {
        let pods = view.all::<Pod>();
        let bound = pods.filter(|pod| pod.node_name().is_some());
        let wanted: BTreeSet<Reference> = bound.flat_map(|pod| references(&pod)).collect();
        self.lock()
            .retain(|reference, known| known.is_reading || wanted.contains(reference));
    }

    fn set(&self, wanted: &Reference, answer: Option<(Option<Arc<dyn Cached>>, Timestamp)>) {
        let waiting = {
            let mut all = self.lock();
            let known = all.entry(wanted.clone()).or_default();
            known.is_reading = false;
            if answer.is_some() {
                known.answer = answer;
            }
            std::mem::take(&mut known.waiting)
        };
        for (key, node) in waiting {
            node.wake(key);
        }
    }
}

/// Begins to read what the pod refers to, where that was not done lately. Whether it is known of
/// all of it whether it exists; if not, the pod will be due when it is.
pub(super) fn read(node: &Arc<Node>, pod: &Pod, now: Timestamp) -> bool {
    let mut are_known = true;
    for wanted in references(pod) {
        let mut all = node.parts.referred.lock();
        let known = all.entry(wanted.clone()).or_default();
        if known.answer.is_none() {
            are_known = false;
            known.waiting.insert(reference(pod), Arc::clone(node));
        }
        if !known.is_reading && !known.is_fresh(now) {
            known.is_reading = true;
            drop(all);
            node.parts.spawn(ask(Arc::clone(node), wanted));
        }
    }
    are_known
}

async fn ask(node: Arc<Node>, wanted: Reference) {
    let parts = &node.parts;
    let Ok(turn) = parts.reads.acquire().await else {
        return;
    };
    let answer = get(parts.api.as_ref(), &wanted).await;
    drop(turn);
    let answer = match answer {
        Ok(found) => Some((found, node.now())),
        Err(rejection) => {
            parts
                .troubles
                .note("read what a pod refers to", &rejection.to_string());
            parts.clock.sleep(READ_AGAIN).await;
            None
        }
    };
    parts.referred.set(&wanted, answer);
}

async fn get(api: &dyn Api, wanted: &Reference) -> Result<Option<Arc<dyn Cached>>, Rejection> {
    let (namespace, name) = (wanted.namespace.as_str(), wanted.name.as_str());
    Ok(match wanted.kind {
        Kind::ConfigMap => {
            let found = Access(api).get::<ConfigMap>(namespace, name).await?;
            found.map(|found| Arc::new(found) as Arc<dyn Cached>)
        }
        Kind::Secret => {
            let found = Access(api).get::<Secret>(namespace, name).await?;
            found.map(|found| Arc::new(found) as Arc<dyn Cached>)
        }
    })
}
