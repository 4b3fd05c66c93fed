//! The pod loop: what is due, looked at and decided on by the kubelet, and its plan begun.
//!
//! Nothing is awaited here. Whatever takes time is a task of [`crate::tasks`], whose end
//! makes its pod due again.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;

use gantry_api::{GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_driver::{Executor, Outcome, Subject};
use gantry_kubelet::agent::{self, Step, Turn, find};
use gantry_kubelet::sandbox::PodRef;
use gantry_kubelet::sandbox_config::reference;
use gantry_reconcile::{Cached, Plan, View, Watched};

use crate::agent::Agent;
use crate::{probing, references, tasks};

/// The loop's decisions.
#[derive(Debug)]
pub(crate) struct Pods(pub(crate) Agent);

/// The loop's effects.
#[derive(Debug)]
pub(crate) struct PodTasks(pub(crate) Agent);

impl Subject for Pods {
    type Key = PodRef;
    type World = Turn;
    type Action = Step;

    fn name(&self) -> &'static str {
        "kubelet"
    }

    fn all_keys(&self, view: &View) -> Vec<PodRef> {
        self.0.state.lock().all_keys(view).into_iter().collect()
    }

    fn observe(&self, view: &View, key: &PodRef, now: Timestamp) -> Option<Turn> {
        let agent = &self.0;
        let (view, are_known) = with_references(agent, view, key);
        let observed = {
            let mut state = agent.state.lock();
            state.observe(&agent.around, (&view, are_known), key, now)?
        };
        for (id, spec) in observed.resumed {
            probing::watch(agent, id, &spec);
        }
        Some(observed.turn)
    }

    fn concerned(&self, key: &PodRef, _steps: &[Step]) -> Vec<ObjectKey> {
        let pods = GroupResource::of::<Pod>();
        vec![ObjectKey::new(pods, &key.namespace, &key.name)]
    }

    fn wording(&self, step: &Step) -> String {
        step.action.to_string()
    }

    fn decide(&self, turn: &Turn) -> Plan<Step> {
        agent::decide(turn)
    }
}

/// The view with all that the pod refers to, which is followed from now on, and whether it is known
/// of all of that whether it exists.
fn with_references(agent: &Agent, view: &View, key: &PodRef) -> (View, bool) {
    let mut view = view.clone();
    let Some(pod) = find(&view, key) else {
        agent.references.forget_others(&view);
        return (view, true);
    };
    references::follow(agent, &pod);
    agent.references.add_to(&mut view);
    let are_known = agent.references.are_known(&pod);
    (view, are_known)
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
