//! Removes pods whose node no longer exists: nobody is left to end them.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod};

use gantry_api::ObjectKey;
use gantry_api::views::{Meta, PodView};
use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

/// A pod younger than this may have been bound before its node was seen.
const GRACE: Duration = Duration::from_secs(40);

/// The controller that removes pods of vanished nodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodCleanup;

/// One bound pod whose node is not there.
#[derive(Debug)]
pub struct World {
    pod: Arc<Pod>,
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
        view.get::<Node>("", node)
            .is_none()
            .then_some(World { pod, now })
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
