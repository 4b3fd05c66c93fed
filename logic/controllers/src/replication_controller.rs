//! Keeps as many pods alive as a `ReplicationController` asks for: the elder of `ReplicaSet`, with
//! a selector of equalities only.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::ReplicaSetStatus;
use k8s_openapi::api::core::v1::{Pod, ReplicationController, ReplicationControllerStatus};
use serde::Serialize;
use serde::de::DeserializeOwned;

use gantry_api::ObjectKey;
use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_base::selector::Selector;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use crate::replicas::{self, Desired, Observed};

/// The controller of replication controllers.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplicationControllers;

/// One replication controller and the pods it has to do with.
#[derive(Debug)]
pub struct World {
    owner: Arc<ReplicationController>,
    observed: Observed,
}

impl Controller for ReplicationControllers {
    const NAME: &'static str = "replication-controller";

    fn sources(&self) -> Sources {
        Sources::new()
            .own::<ReplicationController>()
            .controlled::<Pod, ReplicationController>()
            .mapped::<Pod>(wanting)
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let owner = view.get::<ReplicationController>(&key.namespace, &key.name)?;
        let observed = replicas::observe(view, owner.as_ref(), &selector(&owner)?, now);
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

fn selector(owner: &ReplicationController) -> Option<Selector> {
    owner
        .spec
        .as_ref()?
        .selector
        .as_ref()
        .map(Selector::exactly)
}

/// The controllers that would adopt this orphan.
fn wanting(pod: &Pod, view: &View) -> Vec<ObjectKey> {
    if pod.controller().is_some() {
        return Vec::new();
    }
    let wants = |owner: &Arc<ReplicationController>| {
        selector(owner).is_some_and(|selector| selector.matches(pod.labels()))
    };
    let owners = view.within::<ReplicationController>(pod.namespace());
    owners.filter(wants).map(|owner| owner.key()).collect()
}

impl Reconciler for ReplicationControllers {
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

fn desired(owner: &ReplicationController) -> Option<Desired<'_, ReplicationController>> {
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
    desired: &Desired<'_, ReplicationController>,
    failure: Option<&str>,
    plan: &mut Plan<Write>,
) {
    let old: ReplicaSetStatus = convert(&world.owner.status.clone().unwrap_or_default());
    let status = replicas::status(desired, &world.observed, &old, failure);
    if status != old {
        let status: ReplicationControllerStatus = convert(&status);
        let owner = ReplicationController::clone(&world.owner);
        plan.act(Write::update_status(&ReplicationController {
            status: Some(status),
            ..owner
        }));
    }
}

/// The two statuses differ in name only, not in their fields.
fn convert<From: Serialize, To: DeserializeOwned>(status: &From) -> To {
    let tree = serde_json::to_value(status).expect("a status is plain data");
    serde_json::from_value(tree).expect("both statuses have the same fields")
}

#[cfg(test)]
mod tests;
