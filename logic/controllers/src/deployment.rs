//! Rolls a `Deployment` out: one `ReplicaSet` per template, replaced at the pace that its strategy
//! allows.
//!
//! Each plan takes one step; what it changes comes back as a new world. Availability is never taken
//! below its bound by our own doing, because every step counts what is available now.

mod conditions;
mod progress;
mod recreate;
mod revision;
mod rolling;
mod scale;
mod sets;
mod status;

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;

use gantry_api::ObjectKey;
use gantry_api::views::Meta;
use gantry_api::views::meta::selector;
use gantry_base::Timestamp;
use gantry_reconcile::sources::controller_key;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use crate::claims::{self, Claims, controller_reference};
use sets::Sets;

/// The controller of deployments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deployments;

/// One deployment, its replica sets and whether old pods still run.
#[derive(Debug)]
pub struct World {
    now: Timestamp,
    deployment: Arc<Deployment>,
    claims: Claims<ReplicaSet>,
    pods: Vec<Arc<Pod>>,
}

impl Controller for Deployments {
    const NAME: &'static str = "deployment-controller";

    fn sources(&self) -> Sources {
        Sources::new()
            .own::<Deployment>()
            .controlled::<ReplicaSet, Deployment>()
            .mapped::<ReplicaSet>(wanting)
            .mapped::<Pod>(|pod, view| grandparent(pod, view).into_iter().collect())
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let deployment = view.get::<Deployment>(&key.namespace, &key.name)?;
        let selector = selector(&deployment.spec.as_ref()?.selector);
        let sets = view.within::<ReplicaSet>(&key.namespace);
        let claims = claims::sort(sets, deployment.uid(), &selector);
        let sets = claims.owned.iter();
        let pods = sets.flat_map(|set| view.controlled_by::<Pod>(set.uid()));
        let pods = pods.filter(|pod| selector.matches(pod.labels())).collect();
        Some(World {
            now,
            deployment,
            claims,
            pods,
        })
    }

    fn refused(&self, world: &World, write: &Write, why: &str) -> Plan<Write> {
        match write {
            Write::Create { key, .. } => status::collision(world, key, why),
            Write::Update { .. }
            | Write::Patch { .. }
            | Write::Delete { .. }
            | Write::DeleteAll { .. }
            | Write::Bind { .. }
            | Write::Note(_) => Plan::nothing(),
        }
    }
}

/// The deployments that would adopt this orphan.
fn wanting(set: &ReplicaSet, view: &View) -> Vec<ObjectKey> {
    if set.controller().is_some() {
        return Vec::new();
    }
    let wants = |deployment: &Arc<Deployment>| {
        deployment
            .spec
            .as_ref()
            .is_some_and(|spec| selector(&spec.selector).matches(set.labels()))
    };
    let deployments = view.within::<Deployment>(set.namespace());
    deployments
        .filter(wants)
        .map(|deployment| deployment.key())
        .collect()
}

/// The deployment behind a pod's replica set.
fn grandparent(pod: &Pod, view: &View) -> Option<ObjectKey> {
    let parent = controller_key::<ReplicaSet>(&pod.metadata)?;
    let set = view.get::<ReplicaSet>(&parent.namespace, &parent.name)?;
    controller_key::<Deployment>(&set.metadata)
}

impl Reconciler for Deployments {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let deployment = world.deployment.as_ref();
        let reference = controller_reference(deployment);
        world
            .claims
            .settle(&reference, deployment.is_terminating(), &mut plan);
        let Some(sets) = Sets::of(world) else {
            return plan;
        };
        if !world.claims.orphans.is_empty() {
            return plan;
        }
        if !deployment.is_terminating() {
            step(world, &sets, &mut plan);
        }
        // A deployment that is being written has a new revision: its status follows when that has
        // been seen.
        if !plan.actions.iter().any(|write| writes(write, deployment)) {
            status::report(world, &sets, &mut plan);
        }
        plan
    }
}

/// Whether a write replaces the deployment.
fn writes(write: &Write, deployment: &Deployment) -> bool {
    matches!(write, Write::Update { key, .. } if *key == deployment.key())
}

/// Takes the next step of the rollout, if there is one to take.
fn step(world: &World, sets: &Sets<'_>, plan: &mut Plan<Write>) {
    let spec = sets.spec;
    if spec.paused == Some(true) {
        revision::renumber(world, sets, plan);
        scale::to_size(world, sets, plan);
    } else if scale::is_due(sets) {
        scale::to_size(world, sets, plan);
    } else if sets.recreates() {
        recreate::step(world, sets, plan);
    } else {
        rolling::step(world, sets, plan);
    }
    if plan.actions.is_empty() && progress::is_complete(world, sets) {
        sets.forget_old(plan);
    }
}

#[cfg(test)]
mod tests;
