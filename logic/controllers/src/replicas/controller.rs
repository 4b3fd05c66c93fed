//! The one controller behind both kinds of owners: what differs between them is their [`Owner`].

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::ReplicaSetStatus;
use k8s_openapi::api::core::v1::Pod;
use serde::Serialize;

use gantry_api::ObjectKey;
use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_base::selector::Selector;
use gantry_reconcile::sources::Kind;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use super::{Desired, Observed, observe, plan, refusal, status};

/// A kind whose objects keep a number of equal pods alive.
pub trait Owner: Kind + Serialize + Clone {
    /// The name that its controller acts and reports under.
    const CONTROLLER: &'static str;

    /// Which pods are its own.
    fn selector(&self) -> Option<Selector>;

    /// What it asks for.
    fn desired(&self) -> Option<Desired<'_, Self>>;

    /// What it said of itself last.
    fn status(&self) -> ReplicaSetStatus;

    /// The same object saying `status` of itself.
    #[must_use]
    fn reporting(&self, status: ReplicaSetStatus) -> Self;
}

/// The controller of one kind of owner.
pub struct Replicas<O>(PhantomData<fn() -> O>);

impl<O> Default for Replicas<O> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<O> fmt::Debug for Replicas<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Replicas")
    }
}

/// One owner and the pods it has to do with.
#[derive(Debug)]
pub struct World<O> {
    owner: Arc<O>,
    observed: Observed,
}

impl<O: Owner> Controller for Replicas<O> {
    const NAME: &'static str = O::CONTROLLER;

    fn sources(&self) -> Sources {
        Sources::new()
            .own::<O>()
            .controlled::<Pod, O>()
            .mapped::<Pod>(wanting::<O>)
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World<O>> {
        let owner = view.get::<O>(&key.namespace, &key.name)?;
        let observed = observe(view, owner.as_ref(), &owner.selector()?, now);
        Some(World { owner, observed })
    }

    fn refused(&self, world: &World<O>, write: &Write, why: &str) -> Plan<Write> {
        let mut plan = Plan::default();
        if let (Write::Create { .. }, Some(desired)) = (write, world.owner.desired()) {
            plan.act(refusal(world.owner.as_ref(), why));
            report(world, &desired, Some(why), &mut plan);
        }
        plan
    }
}

/// The owners that would adopt this orphan.
fn wanting<O: Owner>(pod: &Pod, view: &View) -> Vec<ObjectKey> {
    if pod.controller().is_some() {
        return Vec::new();
    }
    let wants = |owner: &Arc<O>| {
        owner
            .selector()
            .is_some_and(|selector| selector.matches(pod.labels()))
    };
    let owners = view.within::<O>(pod.namespace());
    owners.filter(wants).map(|owner| owner.key()).collect()
}

impl<O: Owner> Reconciler for Replicas<O> {
    type Key = ObjectKey;
    type World = World<O>;
    type Action = Write;

    fn reconcile(&self, world: &World<O>) -> Plan<Write> {
        let Some(desired) = world.owner.desired() else {
            return Plan::nothing();
        };
        let mut plan = plan(&desired, &world.observed);
        report(world, &desired, None, &mut plan);
        plan
    }
}

/// Plans a status when it would say something new.
fn report<O: Owner>(
    world: &World<O>,
    desired: &Desired<'_, O>,
    failure: Option<&str>,
    plan: &mut Plan<Write>,
) {
    let old = world.owner.status();
    let status = status(desired, &world.observed, &old, failure);
    if status != old {
        plan.act(Write::update_status(&world.owner.reporting(status)));
    }
}
