//! Keeps the node's packet filter as Services, EndpointSlices and host ports want it.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;

use gantry_base::Timestamp;
use gantry_driver::{End, Executor, Outcome, Subject};
use gantry_kubelet::rules::{Rules, Site};
use gantry_netdev::Dataplane;
use gantry_reconcile::{Plan, View, Watched};

use crate::agent::Agent;

/// The loop's decisions.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) agent: Agent,
    pub(crate) site: Site,
}

/// The loop's effects.
pub(crate) struct Filter {
    pub(crate) agent: Agent,
    pub(crate) dataplane: Arc<dyn Dataplane>,
}

/// Makes the rules due whenever what they follow from changes.
pub(crate) fn listen(agent: &Agent) {
    for watched in [Watched::of::<Service>(), Watched::of::<EndpointSlice>()] {
        let rules = agent.rules.clone();
        agent
            .cache
            .listen(&watched, Arc::new(move |_, _| rules.push([()])));
    }
}

impl Subject for Wanted {
    type Key = ();
    type World = Rules;
    type Action = Rules;

    fn name(&self) -> &'static str {
        "rules"
    }

    fn all_keys(&self, _view: &View) -> Vec<()> {
        vec![()]
    }

    fn observe(&self, view: &View, (): &(), _now: Timestamp) -> Option<Rules> {
        let host_ports = self.agent.state.lock().host_ports(view);
        Some(Rules::new(&self.site, view, host_ports))
    }

    fn decide(&self, rules: &Rules) -> Plan<Rules> {
        let mut plan = Plan::default();
        plan.act(rules.clone());
        plan
    }
}

impl Executor<Rules> for Filter {
    async fn carry_out(&self, actions: Vec<Rules>) -> Outcome<Rules> {
        let mut end = End::Done;
        for rules in actions {
            let routed = rules.routed();
            match self.dataplane.replace(rules.ruleset).await {
                Ok(_) => {
                    let left = self.agent.state.lock().route(routed);
                    self.agent.inbox.push(left);
                }
                Err(error) => end = End::Failed(gantry_base::chain(&error)),
            }
        }
        Outcome {
            written: BTreeMap::new(),
            end,
        }
    }
}
