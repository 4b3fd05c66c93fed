//! What can be wrong with what a controller does.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use gantry_api::ObjectKey;
use gantry_api::views::{Meta, PodView};
use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_reconcile::{Plan, View, Write};

use super::{Bug, Plant};

/// How old a lease is when a beat is late.
const LATE: Duration = Duration::from_millis(10_500);

/// What a plan was made on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground<'a> {
    /// Who made it.
    pub(crate) controller: &'a str,
    /// What is seen.
    pub(crate) view: &'a View,
    /// What it is about.
    pub(crate) key: &'a ObjectKey,
    /// When.
    pub(crate) now: Timestamp,
}

impl Plant {
    /// What is left of a plan.
    pub(crate) fn plan(&mut self, on: Ground<'_>, plan: &mut Plan<Write>) {
        let Some(bug) = self.bug else { return };
        let actions = &mut plan.actions;
        match (bug, on.controller) {
            (Bug::RepeatsItself, _) => self.repeat(on.key, plan),
            (Bug::DeletesByName, _) => actions.iter_mut().for_each(forget_uid),
            (Bug::UpdatesBlindly, _) => actions.iter_mut().for_each(forget_version),
            (Bug::LeaksFinalizer, _) => actions.retain(|action| !releases(action)),
            (Bug::NamesByNumber, "replicaset-controller") => number(actions),
            (Bug::NamesByChance, "replicaset-controller") => {
                actions.iter_mut().for_each(|action| self.christen(action));
            }
            (Bug::ReleasesEarly, "generic-garbage-collector") => {
                release(on, "foregroundDeletion", actions);
            }
            (Bug::KeepsOrphans, "generic-garbage-collector") => release(on, "orphan", actions),
            (Bug::BindsToNowhere, gantry_scheduler::NAME) if self.dice.below(20) == 0 => {
                actions.iter_mut().for_each(bind_nowhere);
            }
            (Bug::ScalesTooFar, "deployment-controller") => {
                let actions = actions.iter_mut();
                actions.for_each(|action| scale_further(on.view, action));
            }
            (Bug::DeletesOneMore, "replicaset-controller") => delete_one_more(on, actions),
            (Bug::DeletesReadyFirst, "replicaset-controller") => delete_ready(on, actions),
            (Bug::EvictsEarly, "node-controller") => evict(on, actions),
            _ => {}
        }
    }

    /// Names by chance what is made.
    fn christen(&mut self, action: &mut Write) {
        let name = self.dice.below(u64::MAX);
        rename(action, &name.to_string());
    }

    /// Writes the last status again when there is nothing to do.
    fn repeat(&mut self, key: &ObjectKey, plan: &mut Plan<Write>) {
        let last = plan.actions.iter().rfind(|action| {
            matches!(
                action,
                Write::Update {
                    subresource: Some("status"),
                    ..
                }
            )
        });
        let about = key.to_string();
        if let Some(last) = last {
            let mut last = last.clone();
            forget_version(&mut last);
            self.memory.writes.insert(about, last);
        } else if let Some(last) = self.memory.writes.get(&about)
            && plan.actions.is_empty()
        {
            plan.act(last.clone());
            plan.recheck_after(Duration::from_secs(1));
        }
    }
}

/// Names what is made by its place in the plan.
fn number(actions: &mut [Write]) {
    let created = actions.iter_mut();
    let created = created.filter(|action| matches!(action, Write::Create { .. }));
    for (place, action) in created.enumerate() {
        rename(action, &place.to_string());
    }
}

/// Gives what is made another end of its name.
fn rename(action: &mut Write, end: &str) {
    if let Write::Create { key, object } = action {
        let stem = key.name.rsplit_once('-').map_or("", |(stem, _)| stem);
        key.name = format!("{stem}-{end}");
        object.set(&["metadata", "name"], key.name.clone().into());
    }
}

fn forget_uid(action: &mut Write) {
    if let Write::Delete { uid, .. } = action {
        uid.clear();
    }
}

fn forget_version(action: &mut Write) {
    match action {
        Write::Update { object, .. } => {
            object.remove(&["metadata", "resourceVersion"]);
        }
        Write::Patch { patch, .. } => {
            if let Some(metadata) = patch["metadata"].as_object_mut() {
                metadata.remove("resourceVersion");
            }
        }
        Write::Create { .. }
        | Write::Delete { .. }
        | Write::DeleteAll { .. }
        | Write::Bind { .. }
        | Write::Note(_) => {}
    }
}

fn releases(action: &Write) -> bool {
    matches!(action, Write::Patch { patch, .. } if patch["metadata"].get("finalizers").is_some())
}

fn bind_nowhere(action: &mut Write) {
    if let Write::Bind { node, .. } = action {
        "node-99".clone_into(node);
    }
}

/// Lets the object go at once that waits under `finalizer`.
fn release(on: Ground<'_>, finalizer: &str, actions: &mut Vec<Write>) {
    let Some(object) = on.view.any(on.key) else {
        return;
    };
    let meta = object.meta();
    let mut finalizers = meta.finalizers.clone().unwrap_or_default();
    if meta.deletion_timestamp.is_none() || !finalizers.iter().any(|known| known == finalizer) {
        return;
    }
    finalizers.retain(|known| known != finalizer);
    *actions = vec![Write::Patch {
        key: on.key.clone(),
        uid: meta.uid.clone().unwrap_or_default(),
        patch: json!({"metadata": {"finalizers": finalizers}}),
        subresource: None,
    }];
}

/// Takes one pod more from a set that is made smaller.
fn scale_further(view: &View, action: &mut Write) {
    let Write::Patch { key, patch, .. } = action else {
        return;
    };
    let set = view.get::<ReplicaSet>(&key.namespace, &key.name);
    let known = set.and_then(|set| set.spec.as_ref()?.replicas);
    let (Some(known), Some(wanted)) = (known, patch["spec"]["replicas"].as_i64()) else {
        return;
    };
    if wanted < i64::from(known) {
        patch["spec"]["replicas"] = Value::from((wanted - 1).max(0));
    }
}

/// The pods of a replica set that are not about to go.
fn own_pods(on: Ground<'_>) -> Vec<Arc<Pod>> {
    let set = on.view.get::<ReplicaSet>(&on.key.namespace, &on.key.name);
    let uid = set.map(|set| set.uid().to_owned()).unwrap_or_default();
    let is_own = |pod: &Arc<Pod>| {
        let controller = pod.controller();
        pod.is_active() && controller.is_some_and(|controller| controller.uid == uid)
    };
    on.view
        .within::<Pod>(&on.key.namespace)
        .filter(is_own)
        .collect()
}

fn deleted(actions: &[Write]) -> usize {
    let deletions = actions.iter();
    deletions
        .filter(|action| matches!(action, Write::Delete { .. }))
        .count()
}

fn delete_one_more(on: Ground<'_>, actions: &mut Vec<Write>) {
    if deleted(actions) == 0 {
        return;
    }
    let is_left = |pod: &&Arc<Pod>| {
        !actions
            .iter()
            .any(|action| matches!(action, Write::Delete { key, .. } if *key == pod.key()))
    };
    let one = own_pods(on)
        .iter()
        .find(is_left)
        .map(|pod| Write::delete(pod.as_ref()));
    actions.extend(one);
}

fn delete_ready(on: Ground<'_>, actions: &mut Vec<Write>) {
    let count = deleted(actions);
    if count == 0 {
        return;
    }
    actions.retain(|action| !matches!(action, Write::Delete { .. }));
    let mut pods = own_pods(on);
    pods.sort_by_key(|pod| pod.ready_since().is_none());
    let first = pods.iter().take(count);
    actions.extend(first.map(|pod| Write::delete(pod.as_ref())));
}

fn evict(on: Ground<'_>, actions: &mut Vec<Write>) {
    let lease = on.view.get::<Lease>("kube-node-lease", &on.key.name);
    let renewed = lease.and_then(|lease| Some(lease.spec.as_ref()?.renew_time.as_ref()?.0));
    if renewed.is_none_or(|renewed| since(on.now, renewed) < LATE) {
        return;
    }
    let here = |pod: &Arc<Pod>| pod.node_name() == Some(&on.key.name) && pod.is_active();
    let pods = on.view.all::<Pod>().filter(here);
    actions.extend(pods.map(|pod| Write::delete(pod.as_ref())));
}
