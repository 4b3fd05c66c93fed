//! What a node's agent knows besides the API's objects, and what follows from it.
//!
//! A [`State`] is a value that one owner changes: it holds what was seen and what is being done, and
//! says nothing about how. All of it can be found out again; a restart begins with nothing. Who
//! drives it observes, decides, begins, carries out, and tells how that ended; a turn of that wheel
//! never skips a step, so that what is under way is always known.

mod around;
mod begin;
mod containers;
mod known;
mod observe;
mod probing;
mod sandboxes;
mod supplies;
#[cfg(test)]
mod testing;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;

use gantry_base::Timestamp;
use gantry_reconcile::{Plan, View};
use gantry_routing::{AddressPool, Cidr};

use crate::pace::Pace;
use crate::pod::{PodAction, PodWorld, next_actions};
use crate::sandbox::PodRef;
use crate::sandbox_config::reference;

pub use around::Around;
pub use begin::{Begun, Mark, STOP_PAUSE};
pub use containers::{Given, StartFailure};
pub use known::{Known, Mounted};
pub use observe::Observed;
pub use sandboxes::leaves_nothing;
pub use supplies::PullFailure;

/// What a node's agent knows besides the API's objects.
#[derive(Clone, Debug)]
pub struct State {
    range: Cidr,
    pods: BTreeMap<PodRef, Known>,
    pool: AddressPool,
    /// The addresses that service rules lead to at the moment.
    routed: BTreeSet<Ipv4Addr>,
}

/// What is decided on.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The moment of the decision.
    pub now: Timestamp,
    /// The pod that is due.
    pub key: PodRef,
    /// What has to wait since it failed.
    pub pace: Pace,
    /// The pod's world, or nothing when only traces of it are left here.
    pub world: Option<PodWorld>,
}

/// One action for one pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// For which pod.
    pub key: PodRef,
    /// The pod as it was when this was decided; nothing for traces.
    pub pod: Option<Arc<Pod>>,
    /// What to do.
    pub action: PodAction,
}

impl State {
    /// An agent that has seen nothing, whose pods get addresses from `range`.
    #[must_use]
    pub fn new(range: Cidr) -> Self {
        Self {
            range,
            pods: BTreeMap::new(),
            pool: AddressPool::new(range, BTreeSet::new(), None),
            routed: BTreeSet::new(),
        }
    }

    /// The pods of which anything is known.
    #[must_use]
    pub const fn pods(&self) -> &BTreeMap<PodRef, Known> {
        &self.pods
    }

    /// All pods that there is anything to do for: those of the view, and those left here.
    #[must_use]
    pub fn all_keys(&self, view: &View) -> BTreeSet<PodRef> {
        let wanted = view.all::<Pod>().map(|pod| reference(&pod));
        wanted.chain(self.pods.keys().cloned()).collect()
    }

    /// The pod with this uid.
    #[must_use]
    pub fn key_of(&self, uid: &str) -> Option<PodRef> {
        self.pods.keys().find(|key| key.uid == uid).cloned()
    }

    /// What is known of a pod; nothing at first.
    fn pod(&mut self, key: &PodRef) -> &mut Known {
        self.pods.entry(key.clone()).or_default()
    }

    /// Notes which addresses service rules lead to by now. Answers the pods that nothing leads to
    /// any more, which may be waiting for that.
    pub fn route(&mut self, routed: BTreeSet<Ipv4Addr>) -> Vec<PodRef> {
        let before = std::mem::replace(&mut self.routed, routed);
        let is_left = |own: Ipv4Addr| before.contains(&own) && !self.routed.contains(&own);
        let pods = self.pods.iter();
        let left = pods.filter(|(_, pod)| pod.address.is_some_and(is_left));
        left.map(|(key, _)| key.clone()).collect()
    }
}

/// Decides what to do next for one pod.
#[must_use]
pub fn decide(turn: &Turn) -> Plan<Step> {
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

/// What is left of a pod that the API no longer has is removed.
fn clear() -> Plan<PodAction> {
    let mut plan = Plan::default();
    plan.act(PodAction::RemoveSandbox);
    plan
}

/// The pod in a view, unless it was replaced or removed.
#[must_use]
pub fn find(view: &View, key: &PodRef) -> Option<Arc<Pod>> {
    let pod: Arc<Pod> = view.get(&key.namespace, &key.name)?;
    (pod.metadata.uid.as_deref() == Some(key.uid.as_str())).then_some(pod)
}

#[cfg(test)]
mod tests;
