//! The pod loop: what is due, the world of one pod, and its plan begun.
//!
//! Nothing is awaited here. Whatever takes time is a task of [`crate::tasks`], whose end
//! makes its pod due again.

mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;

use gantry_base::Timestamp;
use gantry_driver::{Executor, Outcome, Subject};
use gantry_kubelet::pace::Pace;
use gantry_kubelet::pod::{PodAction, PodWorld, next_actions};
use gantry_kubelet::sandbox::PodRef;
use gantry_kubelet::sandbox_config::reference;
use gantry_reconcile::{Cached, Plan, View, Watched};

use crate::agent::Agent;
use crate::tasks;

/// The loop's decisions.
#[derive(Debug)]
pub(crate) struct Pods(pub(crate) Agent);

/// The loop's effects.
#[derive(Debug)]
pub(crate) struct PodTasks(pub(crate) Agent);

/// What is decided on.
#[derive(Debug)]
pub(crate) struct Turn {
    now: Timestamp,
    key: PodRef,
    pace: Pace,
    /// The pod, or nothing when only traces of it are left here.
    world: Option<PodWorld>,
}

/// One action for one pod.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) key: PodRef,
    /// The pod as it was when this was decided; nothing for traces.
    pub(crate) pod: Option<Arc<Pod>>,
    pub(crate) action: PodAction,
}

impl Subject for Pods {
    type Key = PodRef;
    type World = Turn;
    type Action = Step;

    fn name(&self) -> &'static str {
        "kubelet"
    }

    fn observe(&self, view: &View, key: &PodRef, now: Timestamp) -> Option<Turn> {
        world::observe(&self.0, view, key, now)
    }

    fn decide(&self, turn: &Turn) -> Plan<Step> {
        let mut plan = match &turn.world {
            Some(world) => next_actions(world),
            None => clear(),
        };
        turn.pace.hold(&mut plan, turn.now);
        let pod = turn.world.as_ref().map(|world| &world.pod);
        let step = |action| Step {
            key: turn.key.clone(),
            pod: pod.cloned(),
            action,
        };
        Plan {
            actions: plan.actions.into_iter().map(step).collect(),
            recheck: plan.recheck,
            reasons: plan.reasons,
        }
    }
}

/// What is left of a pod that the API no longer has is removed.
fn clear() -> Plan<PodAction> {
    let mut plan = Plan::default();
    plan.act(PodAction::RemoveSandbox);
    plan
}

impl Executor<Step> for PodTasks {
    async fn carry_out(&self, actions: Vec<Step>) -> Outcome<Step> {
        for step in actions {
            tasks::begin(&self.0, step);
        }
        Outcome {
            written: BTreeMap::new(),
            end: gantry_driver::End::Done,
        }
    }
}

/// Makes pods due when something that they depend on changes.
pub(crate) fn listen(agent: &Agent) {
    let name = &agent.config.name;
    let inbox = agent.inbox.clone();
    let own = Watched::of::<Pod>().only(format!("spec.nodeName={name}"));
    let listener = move |forms: &[&dyn Cached], _: &View| {
        let keys = forms.iter().filter_map(|form| {
            let any: &dyn std::any::Any = *form;
            any.downcast_ref::<Pod>().map(reference)
        });
        inbox.push(keys);
    };
    agent.cache.listen(&own, Arc::new(listener));
}
