//! Counts what the objects of a namespace take, and writes that into its quotas.
//!
//! What is made is charged by the API at once; this gives back what is gone, and counts for quotas
//! that are new or have changed. A count that has not seen everything is not written: the API
//! refuses it.

#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, ResourceQuota, Service};

use gantry_api::views::amounts::{self, Amounts};
use gantry_api::views::{Meta, PodView};
use gantry_api::{GroupResource, Object, ObjectKey, Revision};
use gantry_base::{Quantity, Timestamp};
use gantry_kinds::cost::requirements;
use gantry_kinds::{Descriptor, Scope};
use gantry_reconcile::sources::Kind;
use gantry_reconcile::{Cached, Controller, Plan, Reconciler, Sources, View, Write, defined};

use crate::census::{self, Census};

/// The controller of quotas.
#[derive(Clone, Debug)]
pub struct ResourceQuotas {
    /// The kinds whose objects quotas count, by what they are stored as.
    kinds: BTreeMap<GroupResource, Arc<Descriptor>>,
}

impl Default for ResourceQuotas {
    fn default() -> Self {
        let Counted(resources) = census::count(Counted(Vec::new()));
        let is_counted = |kind: &Descriptor| {
            kind.scope == Scope::Namespaced && resources.contains(&kind.names.resource())
        };
        let kinds = gantry_kinds::builtin().into_iter().filter(is_counted);
        Self {
            kinds: kinds
                .map(|kind| (kind.names.resource(), Arc::new(kind)))
                .collect(),
        }
    }
}

/// The resources that are kept in view.
struct Counted(Vec<GroupResource>);

impl Census for Counted {
    fn namespaced<T: Kind>(&mut self) {
        self.0.push(GroupResource::of::<T>());
    }

    fn fleeting<T: Kind>(&mut self) {
        self.namespaced::<T>();
    }

    fn cluster_wide<T: Kind>(&mut self) {}
}

/// One quota, what is taken of it, and how much was seen of what is taken.
#[derive(Debug)]
pub struct World {
    quota: Arc<ResourceQuota>,
    hard: Amounts,
    /// By resource, as far as anybody knows kinds that take of it.
    used: Amounts,
    seen: Vec<(GroupResource, Revision)>,
}

impl Controller for ResourceQuotas {
    const NAME: &'static str = "resourcequota-controller";

    fn sources(&self) -> Sources {
        let sources = Sources::new()
            .own::<ResourceQuota>()
            .read::<PersistentVolumeClaim>()
            .read::<Pod>()
            .read::<Service>();
        census::count(Givers(sources.defined(given_back))).0
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let quota = view.get::<ResourceQuota>(&key.namespace, &key.name)?;
        let spec = quota.spec.as_ref()?;
        let hard = amounts::read(spec.hard.as_ref());
        let takes = |kind: &Descriptor| hard.keys().any(|resource| kind.takes(resource));
        let mut used = Amounts::new();
        let mut seen = Vec::new();
        for (resource, kind) in self.kinds.iter().filter(|(_, kind)| takes(kind)) {
            let known = hard.keys().filter(|resource| kind.takes(resource));
            for name in known {
                used.entry(name.clone()).or_default();
            }
            for object in view.of_within(resource, &key.namespace) {
                let object: &dyn Any = object.as_ref();
                let cost = kind.cost_of(object, now);
                if cost.is_meant(requirements(spec)) {
                    amounts::add(&mut used, &cost.amounts);
                }
            }
            // Of what was never listed nothing was seen.
            seen.push((
                resource.clone(),
                view.revision(resource).unwrap_or_default(),
            ));
        }
        count_defined(view, &key.namespace, &hard, (&mut used, &mut seen));
        used.retain(|resource, _| hard.contains_key(resource));
        Some(World {
            quota,
            hard,
            used,
            seen,
        })
    }
}

/// What of the kinds that users define is counted, and how much of it was seen.
fn count_defined(
    view: &View,
    namespace: &str,
    hard: &Amounts,
    (used, seen): (&mut Amounts, &mut Vec<(GroupResource, Revision)>),
) {
    for kind in defined(view).filter(|kind| kind.namespaced) {
        let name = format!("count/{}", kind.resource);
        if !hard.contains_key(&name) {
            continue;
        }
        let count = view.of_within(&kind.resource, namespace).count();
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        used.insert(name, Quantity::units(count));
        let revision = view.revision(&kind.resource).unwrap_or_default();
        seen.push((kind.resource, revision));
    }
}

/// Objects that are gone, and pods that have ended, give back what they took. The API charges
/// everything else.
struct Givers(Sources);

/// The quotas that get something back when this has happened to an object.
fn given_back(object: &dyn Cached, view: &View) -> Vec<ObjectKey> {
    let any: &dyn Any = object;
    let has_ended = any.downcast_ref::<Pod>().is_some_and(PodView::is_finished);
    if !has_ended && view.any(&object.object_key()).is_some() {
        return Vec::new();
    }
    let home = object.meta().namespace.as_deref().unwrap_or("");
    let quotas = view.within::<ResourceQuota>(home);
    quotas.map(|quota| quota.key()).collect()
}

impl Census for Givers {
    fn namespaced<T: Kind>(&mut self) {
        self.0 = std::mem::take(&mut self.0).outlined::<T>(given_back);
    }

    fn fleeting<T: Kind>(&mut self) {
        self.namespaced::<T>();
    }

    fn cluster_wide<T: Kind>(&mut self) {}
}

impl Reconciler for ResourceQuotas {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let status = world.quota.status.as_ref();
        let hard = amounts::read(status.and_then(|status| status.hard.as_ref()));
        let used = amounts::read(status.and_then(|status| status.used.as_ref()));
        if hard == world.hard && used == world.used || world.quota.is_terminating() {
            return plan;
        }
        let mut object = Object::from_typed(world.quota.as_ref()).expect("a quota is an object");
        object.set(&["status", "hard"], written(&world.hard));
        object.set(&["status", "used"], written(&world.used));
        plan.act(Write::Update {
            key: world.quota.key(),
            object,
            subresource: Some("status"),
            seen: world.seen.clone(),
        });
        plan
    }
}

fn written(amounts: &Amounts) -> serde_json::Value {
    let texts = amounts
        .iter()
        .map(|(resource, amount)| (resource.clone(), amount.to_string().into()));
    serde_json::Value::Object(texts.collect())
}
