//! How many pods there should be, according to those who control them.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, ReplicationController};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use gantry_api::views::Meta;
use gantry_reconcile::View;
use gantry_reconcile::sources::controller_key;

/// How many pods each controller of some pods wants.
#[derive(Debug, Default)]
pub(super) struct Scale {
    /// By the uid of the controller.
    wanted: BTreeMap<String, i32>,
    /// A pod whose controller nobody knows.
    puzzle: Option<String>,
}

impl Scale {
    /// How many the controllers of `pods` want. Pods without one count for nobody.
    pub(super) fn of(pods: &[Arc<Pod>], view: &View) -> Self {
        let mut scale = Self::default();
        for pod in pods {
            let Some(owner) = pod.controller() else {
                continue;
            };
            let found = wanted(pod, owner, view);
            if found.is_none() {
                scale.puzzle.get_or_insert_with(|| pod.name().to_owned());
            }
            if let Some((uid, wanted)) = found {
                scale.wanted.insert(uid, wanted);
            }
        }
        scale
    }

    /// How many there should be; the name of a pod of which that is not known.
    pub(super) fn total(&self) -> Result<i32, String> {
        match &self.puzzle {
            Some(pod) => Err(pod.clone()),
            None => Ok(self.wanted.values().sum()),
        }
    }
}

/// Who wants how many of such pods: the deployment behind a replica set, else the set itself.
fn wanted(pod: &Pod, owner: &OwnerReference, view: &View) -> Option<(String, i32)> {
    let is_owner = |uid: &str| uid == owner.uid;
    if let Some(key) = controller_key::<ReplicaSet>(&pod.metadata) {
        let set = view.get::<ReplicaSet>(&key.namespace, &key.name)?;
        let set = Some(set).filter(|set| is_owner(set.uid()))?;
        if let Some(key) = controller_key::<Deployment>(&set.metadata) {
            let deployment = view.get::<Deployment>(&key.namespace, &key.name)?;
            let replicas = deployment.spec.as_ref()?.replicas?;
            return Some((deployment.uid().to_owned(), replicas));
        }
        return Some((owner.uid.clone(), set.spec.as_ref()?.replicas?));
    }
    if let Some(key) = controller_key::<StatefulSet>(&pod.metadata) {
        let set = view.get::<StatefulSet>(&key.namespace, &key.name)?;
        let set = Some(set).filter(|set| is_owner(set.uid()))?;
        return Some((owner.uid.clone(), set.spec.as_ref()?.replicas?));
    }
    let key = controller_key::<ReplicationController>(&pod.metadata)?;
    let controller = view.get::<ReplicationController>(&key.namespace, &key.name)?;
    let controller = Some(controller).filter(|controller| is_owner(controller.uid()))?;
    Some((owner.uid.clone(), controller.spec.as_ref()?.replicas?))
}
