//! Tells dead nodes from living ones by their leases, and moves pods away from where they cannot
//! stay.

mod silence;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, NodeCondition, Pod, Taint, Toleration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use gantry_api::views::{Meta, PodView};
use gantry_api::{GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_base::time::{since, whole_seconds};
use gantry_reconcile::{Controller, EventNote, Plan, Reconciler, Sources, View, Write};

use crate::limits::{NODE_GRACE, NODE_LOOK};
use silence::{Signs, Silence};

const LEASES: &str = "kube-node-lease";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// The controller of nodes' lives.
#[derive(Debug, Default)]
pub struct NodeLife {
    silence: Silence,
}

/// One node, how long it has been silent, and its pods.
#[derive(Debug)]
pub struct World {
    node: Arc<Node>,
    silent_for: Duration,
    pods: Vec<Arc<Pod>>,
    now: Timestamp,
}

impl Controller for NodeLife {
    const NAME: &'static str = "node-controller";

    fn sources(&self) -> Sources {
        // A renewed lease makes nothing due: silence is noticed by looking again and again.
        let node = |pod: &Pod, _: &View| pod.node_name().map(node_key).into_iter().collect();
        Sources::new()
            .own::<Node>()
            .mapped::<Pod>(node)
            .read::<Lease>()
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let Some(node) = view.get::<Node>("", &key.name) else {
            self.silence.forget(&key.name);
            return None;
        };
        let signs = signs(&node, view.get::<Lease>(LEASES, &key.name).as_deref());
        let silent_for = self.silence.of(&key.name, signs, now);
        let here = |pod: &Arc<Pod>| pod.node_name() == Some(&key.name);
        let pods = if is_clean(&node) {
            Vec::new()
        } else {
            view.all::<Pod>().filter(here).collect()
        };
        Some(World {
            node,
            silent_for,
            pods,
            now,
        })
    }
}

fn signs(node: &Node, lease: Option<&Lease>) -> Signs {
    let spec = lease.and_then(|lease| lease.spec.as_ref());
    let status = node.status.iter();
    let mut conditions = status.flat_map(|status| status.conditions.iter().flatten());
    let ready = conditions.find(|condition| condition.type_ == "Ready");
    Signs {
        renewed: spec
            .and_then(|spec| spec.renew_time.as_ref())
            .map(|at| at.0),
        reported: ready
            .and_then(|ready| ready.last_heartbeat_time.as_ref())
            .map(|at| at.0),
    }
}

fn node_key(name: &str) -> ObjectKey {
    ObjectKey::new(GroupResource::of::<Node>(), "", name)
}

fn taints(node: &Node) -> &[Taint] {
    node.spec
        .as_ref()
        .and_then(|spec| spec.taints.as_deref())
        .unwrap_or(&[])
}

fn is_clean(node: &Node) -> bool {
    taints(node).iter().all(|taint| taint.effect != "NoExecute")
}

impl Reconciler for NodeLife {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let is_silent = world.silent_for >= NODE_GRACE;
        if is_silent {
            doubt_conditions(world, &mut plan);
        }
        plan.recheck_after(NODE_LOOK);
        if plan.actions.is_empty() {
            // Otherwise the node has a new revision: its taints follow when that has been seen.
            set_taints(world, is_silent, &mut plan);
        }
        for pod in &world.pods {
            evict(world, pod, &mut plan);
        }
        plan
    }
}

/// Says that nothing is known of a node that is silent.
fn doubt_conditions(world: &World, plan: &mut Plan<Write>) {
    let mut status = world.node.status.clone().unwrap_or_default();
    let conditions = status.conditions.get_or_insert_default();
    if conditions
        .iter()
        .all(|condition| condition.type_ != "Ready")
    {
        conditions.push(NodeCondition {
            type_: "Ready".to_owned(),
            ..NodeCondition::default()
        });
    }
    let mut changed = false;
    for condition in conditions
        .iter_mut()
        .filter(|condition| condition.status != "Unknown")
    {
        changed = true;
        "Unknown".clone_into(&mut condition.status);
        condition.reason = Some("NodeStatusUnknown".to_owned());
        condition.message = Some("Kubelet stopped posting node status.".to_owned());
        condition.last_transition_time = Some(Time(whole_seconds(world.now)));
    }
    if changed {
        let node = Node {
            status: Some(status),
            ..Node::clone(&world.node)
        };
        plan.act(Write::update_status(&node));
        let message = format!("Node {} status is now: NodeNotReady", world.node.name());
        plan.act(Write::Note(EventNote::warning(
            world.node.as_ref(),
            "NodeNotReady",
            message,
        )));
    }
}

/// Makes the taints say what the conditions and the user's wish say.
fn set_taints(world: &World, is_silent: bool, plan: &mut Plan<Write>) {
    let node = world.node.as_ref();
    let ready = node
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    let ready = ready
        .filter(|condition| condition.type_ == "Ready")
        .map(|condition| condition.status.as_str())
        .next();
    let unreachable = is_silent || ready == Some("Unknown");
    let not_ready = !unreachable && ready != Some("True");
    let unschedulable = node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true);
    let wanted = [
        (UNREACHABLE, "NoSchedule", unreachable),
        (UNREACHABLE, "NoExecute", unreachable),
        (NOT_READY, "NoSchedule", not_ready),
        (NOT_READY, "NoExecute", not_ready),
        (UNSCHEDULABLE, "NoSchedule", unschedulable),
    ];
    let mut next = taints(node).to_vec();
    for (key, effect, wanted) in wanted {
        let has = next
            .iter()
            .any(|taint| taint.key == key && taint.effect == effect);
        if wanted && !has {
            next.push(taint(key, effect, world.now));
        } else if !wanted {
            next.retain(|taint| taint.key != key || taint.effect != effect);
        }
    }
    if next != taints(node) {
        let mut changed = node.clone();
        changed.spec.get_or_insert_default().taints =
            Some(next).filter(|taints| !taints.is_empty());
        plan.act(Write::update(&changed));
    }
}

fn taint(key: &str, effect: &str, now: Timestamp) -> Taint {
    Taint {
        key: key.to_owned(),
        effect: effect.to_owned(),
        time_added: Some(Time(whole_seconds(now))),
        value: None,
    }
}

/// Deletes a pod whose patience with the node's taints is over.
fn evict(world: &World, pod: &Pod, plan: &mut Plan<Write>) {
    if pod.is_terminating() {
        return;
    }
    let tolerations = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.tolerations.as_deref())
        .unwrap_or(&[]);
    let evicting = taints(&world.node)
        .iter()
        .filter(|taint| taint.effect == "NoExecute");
    let waits = evicting
        .filter_map(|taint| patience(taint, tolerations, world.now))
        .min();
    match waits {
        Some(Duration::ZERO) => {
            let message = format!(
                "Marking for deletion Pod {}/{}",
                pod.namespace(),
                pod.name()
            );
            plan.act(Write::Note(EventNote::normal(
                pod,
                "TaintManagerEviction",
                message,
            )));
            plan.explain(
                format!("delete pod/{}", pod.name()),
                "it does not tolerate its node's taints any longer",
            );
            plan.act(Write::delete(pod));
        }
        Some(wait) => plan.recheck_after(wait),
        None => {}
    }
}

/// How much longer the tolerations bear the taint; nothing when for ever.
fn patience(taint: &Taint, tolerations: &[Toleration], now: Timestamp) -> Option<Duration> {
    let matching: Vec<&Toleration> = tolerations
        .iter()
        .filter(|known| tolerates(known, taint))
        .collect();
    if matching.is_empty() {
        return Some(Duration::ZERO);
    }
    let limits = matching.iter().filter_map(|known| known.toleration_seconds);
    let limit = limits.min()?;
    let limit = Duration::from_secs(u64::try_from(limit).unwrap_or(0));
    let since_when = taint.time_added.as_ref().map_or(now, |time| time.0);
    Some(limit.saturating_sub(since(now, since_when)))
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.as_deref().unwrap_or("");
    let key = toleration.key.as_deref().unwrap_or("");
    let exists = toleration.operator.as_deref() == Some("Exists");
    (effect.is_empty() || effect == taint.effect)
        && ((key.is_empty() && exists) || key == taint.key)
        && (exists
            || toleration.value.as_deref().unwrap_or("") == taint.value.as_deref().unwrap_or(""))
}

#[cfg(test)]
mod tests;
