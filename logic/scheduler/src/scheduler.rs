//! The scheduler as a controller: pods that wait for a node make themselves due.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Node, Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

use gantry_api::ObjectKey;
use gantry_api::views::{Meta, PodView};
use gantry_base::Timestamp;
use gantry_base::time::{rfc3339, whole_seconds};
use gantry_reconcile::{Awaits, Controller, EventNote, Plan, Reconciler, Sources, View, Write};

use crate::cluster::Cluster;
use crate::cycle::{Choice, choose};

/// The name by which pods ask for this scheduler.
pub const NAME: &str = "default-scheduler";

/// A pod that fits nowhere is looked at again at least this often, as a safety net.
const RETRY: Duration = Duration::from_secs(60);

/// The scheduler.
#[derive(Debug, Default)]
pub struct Scheduler {
    /// The last picture and the view that gave it: the next one is made from them. Held while that
    /// is done.
    last: Mutex<(View, Cluster)>,
}

impl Scheduler {
    /// The picture that a view gives.
    fn cluster(&self, view: &View) -> Cluster {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (earlier, known) = std::mem::take(&mut *last);
        let cluster = known.brought_to(view, &earlier);
        *last = (view.clone(), cluster.clone());
        cluster
    }
}

/// One waiting pod and the cluster.
#[derive(Debug)]
pub struct World {
    pod: Arc<Pod>,
    cluster: Cluster,
    now: Timestamp,
}

impl Controller for Scheduler {
    const NAME: &'static str = NAME;
    // What one pod got, another cannot get.
    const AWAITS: Awaits = Awaits::AllKeys;

    fn sources(&self) -> Sources {
        Sources::new()
            .mapped::<Pod>(|pod, view| {
                if waits(pod) {
                    vec![pod.key()]
                } else {
                    freed(pod, view)
                }
            })
            .mapped::<Node>(|_, view| waiting(view))
            .read::<Namespace>()
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let pod = view.get::<Pod>(&key.namespace, &key.name)?;
        waits(&pod).then(|| World {
            cluster: self.cluster(view),
            pod,
            now,
        })
    }
}

/// Whether a pod wants a node from us and has none.
fn waits(pod: &Pod) -> bool {
    let Some(spec) = pod.spec.as_ref() else {
        return false;
    };
    let ours = spec
        .scheduler_name
        .as_deref()
        .is_none_or(|name| name == NAME);
    let gated = spec
        .scheduling_gates
        .as_ref()
        .is_some_and(|gates| !gates.is_empty());
    ours && !gated && pod.node_name().is_none() && pod.is_active()
}

/// A pod that ends makes room: everybody who waits may try again.
fn freed(pod: &Pod, view: &View) -> Vec<ObjectKey> {
    if pod.is_active() {
        Vec::new()
    } else {
        waiting(view)
    }
}

fn waiting(view: &View) -> Vec<ObjectKey> {
    view.all::<Pod>()
        .filter(|pod| waits(pod))
        .map(|pod| pod.key())
        .collect()
}

impl Reconciler for Scheduler {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let pod = world.pod.as_ref();
        match choose(pod, &world.cluster) {
            Choice::Node(node) => {
                let message = format!(
                    "Successfully assigned {}/{} to {node}",
                    pod.namespace(),
                    pod.name()
                );
                plan.act(Write::Bind {
                    key: pod.key(),
                    uid: pod.uid().to_owned(),
                    node,
                });
                plan.act(Write::Note(EventNote::normal(pod, "Scheduled", message)));
            }
            Choice::Nowhere(why) => {
                refuse(pod, &why, world.now, &mut plan);
                plan.recheck_after(RETRY);
            }
        }
        plan
    }
}

/// Says on the pod, and in an event, why it fits nowhere; once per reason.
fn refuse(pod: &Pod, why: &str, now: Timestamp, plan: &mut Plan<Write>) {
    let known = pod.condition("PodScheduled");
    let told =
        |known: &PodCondition| known.status == "False" && known.message.as_deref() == Some(why);
    if known.is_some_and(told) {
        return;
    }
    let turned = known
        .filter(|known| known.status == "False")
        .and_then(|known| known.last_transition_time.clone());
    let since = turned.unwrap_or(Time(whole_seconds(now)));
    let others = pod
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    let others = others
        .filter(|condition| condition.type_ != "PodScheduled")
        .map(|condition| json!(condition));
    let scheduled = json!({
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": why,
        "lastTransitionTime": rfc3339(since.0),
    });
    let conditions: Vec<_> = others.chain([scheduled]).collect();
    plan.act(Write::Patch {
        key: pod.key(),
        uid: pod.uid().to_owned(),
        patch: json!({"status": {"conditions": conditions}}),
        subresource: Some("status"),
    });
    plan.act(Write::Note(EventNote::warning(
        pod,
        "FailedScheduling",
        why,
    )));
}
