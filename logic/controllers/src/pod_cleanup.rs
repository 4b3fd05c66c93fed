//! Removes pods whose node no longer exists: nobody is left to end them.
//!
//! A node counts as gone only when the nodes have been seen as far as the pod itself was written:
//! before that, a pod that lives may be seen without its node.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod};

use gantry_api::key::Revision;
use gantry_api::views::{Meta, PodView};
use gantry_api::{GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

/// A pod younger than this may have been bound before its node was seen; and how soon to look again
/// when that cannot be told yet.
const GRACE: Duration = Duration::from_secs(40);

/// The controller that removes pods of vanished nodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodCleanup;

/// One bound pod whose node is not there.
#[derive(Debug)]
pub struct World {
    pod: Arc<Pod>,
    /// Whether the node would have been seen by now.
    is_sure: bool,
    now: Timestamp,
}

impl Controller for PodCleanup {
    const NAME: &'static str = "pod-garbage-collector";

    fn sources(&self) -> Sources {
        let pods = |node: &Node, view: &View| {
            let here = view
                .all::<Pod>()
                .filter(|pod| pod.node_name() == Some(node.name()));
            here.map(|pod| pod.key()).collect()
        };
        Sources::new().own::<Pod>().mapped::<Node>(pods)
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let pod = view.get::<Pod>(&key.namespace, &key.name)?;
        let node = pod.node_name()?;
        if view.get::<Node>("", node).is_some() {
            return None;
        }
        let written = pod.resource_version().parse().map(Revision).ok();
        let is_sure = view.revision(&GroupResource::of::<Node>()) >= written;
        Some(World { pod, is_sure, now })
    }
}

impl Reconciler for PodCleanup {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let pod = world.pod.as_ref();
        let age = pod
            .created_at()
            .map_or(GRACE, |created| since(world.now, created));
        match GRACE.checked_sub(age).filter(|left| !left.is_zero()) {
            Some(left) => plan.recheck_after(left),
            None if !world.is_sure => plan.recheck_after(GRACE),
            None => {
                plan.explain(
                    format!("delete pod/{}", pod.name()),
                    "its node does not exist",
                );
                let uid = pod.uid().to_owned();
                plan.act(Write::Delete {
                    key: pod.key(),
                    uid,
                    grace: Some(0),
                    propagation: None,
                });
            }
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{plan_for, put, shown};

    #[test]
    fn a_pod_goes_only_when_its_node_would_have_been_seen() {
        let mut view = View::default();
        put::<Pod>(
            &mut view,
            json!({
                "metadata": {
                    "name": "p", "namespace": "a", "uid": "p", "resourceVersion": "7",
                    "creationTimestamp": "2026-01-01T11:00:00Z",
                },
                "spec": {"nodeName": "n", "containers": []},
            }),
        );
        let plan = |view: &View| shown(&plan_for::<_, Pod>(&PodCleanup, view, ("a", "p")));
        view.reached(&GroupResource::of::<Node>(), Revision(6));
        assert_eq!(plan(&view), "recheck in 40s\n");
        view.reached(&GroupResource::of::<Node>(), Revision(7));
        assert_eq!(plan(&view), "delete pods p\n");
    }
}
