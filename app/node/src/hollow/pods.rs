//! The pod loop of a hollow node: what is due, looked at and decided on by the kubelet, and its plan
//! begun. One watch serves all nodes: each learns of its own pods.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;

use gantry_api::views::PodView;
use gantry_base::Timestamp;
use gantry_driver::{Cache, End, Executor, Inbox, Outcome, Subject};
use gantry_kubelet::agent::{self, Step, Turn, find};
use gantry_kubelet::sandbox::PodRef;
use gantry_kubelet::sandbox_config::reference;
use gantry_reconcile::{Cached, Plan, View, Watched};

use super::node::Node;
use super::{living, referred, tasks};

/// The loop's decisions.
#[derive(Debug)]
pub(super) struct Pods(pub(super) Arc<Node>);

/// The loop's effects.
#[derive(Debug)]
pub(super) struct PodTasks(pub(super) Arc<Node>);

impl Subject for Pods {
    type Key = PodRef;
    type World = Turn;
    type Action = Step;

    fn name(&self) -> &'static str {
        "hollow"
    }

    /// None: the view has the pods of all nodes, and looking through it once for each is too much
    /// for what a hollow node has to lose.
    fn all_keys(&self, _view: &View) -> Vec<PodRef> {
        Vec::new()
    }

    fn observe(&self, view: &View, key: &PodRef, now: Timestamp) -> Option<Turn> {
        let node = &self.0;
        let mut view = view.clone();
        let are_known = match find(&view, key) {
            Some(pod) => {
                let are_known = referred::read(node, &pod, now);
                node.parts.referred.add_to(&mut view, &pod);
                are_known
            }
            None => true,
        };
        let observed = node.host().observe((&view, are_known), key, now)?;
        for (id, spec) in observed.resumed {
            living::ask(node, id, &spec);
        }
        Some(observed.turn)
    }

    fn decide(&self, turn: &Turn) -> Plan<Step> {
        agent::decide(turn)
    }
}

impl Executor<Step> for PodTasks {
    async fn carry_out(&self, actions: Vec<Step>) -> Outcome<Step> {
        for step in actions {
            tasks::begin(&self.0, step);
        }
        Outcome {
            written: BTreeMap::new(),
            end: End::Done,
        }
    }
}

/// Makes pods due on their nodes when they change.
pub(super) fn listen(cache: &Cache, nodes: &[Arc<Node>]) {
    let inboxes = nodes
        .iter()
        .map(|node| (node.member.name.clone(), node.inbox.clone()));
    let inboxes: BTreeMap<String, Inbox<PodRef>> = inboxes.collect();
    let listener = move |forms: &[&dyn Cached], _: &View| {
        for form in forms {
            let any: &dyn std::any::Any = *form;
            let pod = any.downcast_ref::<Pod>();
            let node = pod.and_then(PodView::node_name);
            if let (Some(pod), Some(inbox)) = (pod, node.and_then(|name| inboxes.get(name))) {
                inbox.push([reference(pod)]);
            }
        }
    };
    cache.listen(&Watched::of::<Pod>(), Arc::new(listener));
}
