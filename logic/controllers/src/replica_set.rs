//! Keeps as many pods alive as a `ReplicaSet` asks for.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;

use gantry_api::ObjectKey;
use gantry_api::views::Meta;
use gantry_api::views::meta::selector;
use gantry_base::Timestamp;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use crate::replicas::{self, Desired, Observed};

/// The controller of replica sets.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplicaSets;

/// One replica set and the pods it has to do with.
#[derive(Debug)]
pub struct World {
    owner: Arc<ReplicaSet>,
    observed: Observed,
}

impl Controller for ReplicaSets {
    const NAME: &'static str = "replicaset-controller";

    fn sources(&self) -> Sources {
        Sources::new()
            .own::<ReplicaSet>()
            .controlled::<Pod, ReplicaSet>()
            .mapped::<Pod>(wanting)
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let owner = view.get::<ReplicaSet>(&key.namespace, &key.name)?;
        let selector = selector(&owner.spec.as_ref()?.selector);
        let observed = replicas::observe(view, owner.as_ref(), &selector, now);
        Some(World { owner, observed })
    }

    fn refused(&self, world: &World, write: &Write, why: &str) -> Plan<Write> {
        let mut plan = Plan::default();
        if let (Write::Create { .. }, Some(desired)) = (write, desired(&world.owner)) {
            plan.act(replicas::refusal(world.owner.as_ref(), why));
            report(world, &desired, Some(why), &mut plan);
        }
        plan
    }
}

/// The sets that would adopt this orphan.
fn wanting(pod: &Pod, view: &View) -> Vec<ObjectKey> {
    if pod.controller().is_some() {
        return Vec::new();
    }
    let wants = |set: &Arc<ReplicaSet>| {
        set.spec
            .as_ref()
            .is_some_and(|spec| selector(&spec.selector).matches(pod.labels()))
    };
    view.within::<ReplicaSet>(pod.namespace())
        .filter(wants)
        .map(|set| set.key())
        .collect()
}

impl Reconciler for ReplicaSets {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let Some(desired) = desired(&world.owner) else {
            return Plan::nothing();
        };
        let mut plan = replicas::plan(&desired, &world.observed);
        report(world, &desired, None, &mut plan);
        plan
    }
}

fn desired(owner: &ReplicaSet) -> Option<Desired<'_, ReplicaSet>> {
    let spec = owner.spec.as_ref()?;
    Some(Desired::new(
        owner,
        spec.replicas,
        spec.min_ready_seconds,
        spec.template.as_ref()?,
    ))
}

/// Plans a status when it would say something new.
fn report(
    world: &World,
    desired: &Desired<'_, ReplicaSet>,
    failure: Option<&str>,
    plan: &mut Plan<Write>,
) {
    let old = world.owner.status.clone().unwrap_or_default();
    let status = replicas::status(desired, &world.observed, &old, failure);
    if status != old {
        let reported = ReplicaSet {
            status: Some(status),
            ..ReplicaSet::clone(&world.owner)
        };
        plan.act(Write::update_status(&reported));
    }
}

#[cfg(test)]
mod tests;
