//! Empties a namespace that is being deleted, pods first, and then lets it go.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, NamespaceCondition, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use gantry_api::views::Meta;
use gantry_api::{GroupResource, Object, ObjectKey, Revision};
use gantry_base::Timestamp;
use gantry_base::time::whole_seconds;
use gantry_reconcile::sources::Kind;
use gantry_reconcile::{Cached, Controller, Plan, Reconciler, Sources, View, Write};

use crate::census::{self, Census};
use crate::limits::DELETE_BURST;

/// The finalizer in `spec.finalizers` that holds a namespace until it is empty.
const FINALIZER: &str = "kubernetes";
const REMAINING: &str = "NamespaceContentRemaining";

/// The controller of terminating namespaces.
#[derive(Clone, Debug)]
pub struct Namespaces {
    /// Everything that lives in namespaces.
    resources: Vec<GroupResource>,
}

impl Default for Namespaces {
    fn default() -> Self {
        let Residents(resources) = census::count(Residents(Vec::new()));
        Self { resources }
    }
}

/// The resources whose objects live in namespaces.
struct Residents(Vec<GroupResource>);

impl Census for Residents {
    fn namespaced<T: Kind>(&mut self) {
        self.0.push(GroupResource::of::<T>());
    }

    fn fleeting<T: Kind>(&mut self) {
        self.namespaced::<T>();
    }

    fn cluster_wide<T: Kind>(&mut self) {}
}

/// One terminating namespace and what is left in it.
#[derive(Debug)]
pub struct World {
    namespace: Arc<Namespace>,
    remaining: Vec<Arc<dyn Cached>>,
    /// Resources of which the view may not show yet what was made before the deletion began.
    unsure: Vec<GroupResource>,
    now: Timestamp,
}

impl Controller for Namespaces {
    const NAME: &'static str = "namespace-controller";

    fn sources(&self) -> Sources {
        census::count(Homes(Sources::new().own::<Namespace>())).0
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let namespace = view.get::<Namespace>("", &key.name)?;
        if !namespace.is_terminating() {
            return None;
        }
        let inside =
            |object: &&Arc<dyn Cached>| object.meta().namespace.as_deref() == Some(&key.name);
        let remaining = view.everything().filter(inside).cloned().collect();
        let began = namespace.resource_version().parse().map(Revision).ok();
        let is_late = |resource: &&GroupResource| view.revision(resource) < began;
        Some(World {
            namespace,
            remaining,
            unsure: self.resources.iter().filter(is_late).cloned().collect(),
            now,
        })
    }
}

/// Whatever changes in a namespace that is being deleted makes that namespace due.
struct Homes(Sources);

impl Census for Homes {
    fn namespaced<T: Kind>(&mut self) {
        self.0 = std::mem::take(&mut self.0).mapped::<T>(|object, view| {
            let home = object.metadata().namespace.as_deref().unwrap_or("");
            let home = view.get::<Namespace>("", home);
            let ending = home.filter(|home| home.is_terminating());
            ending.map(|home| home.key()).into_iter().collect()
        });
    }

    fn fleeting<T: Kind>(&mut self) {
        self.namespaced::<T>();
    }

    fn cluster_wide<T: Kind>(&mut self) {}
}

impl Reconciler for Namespaces {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let pods = GroupResource::of::<Pod>();
        let is_pod = |object: &&Arc<dyn Cached>| object.object_key().resource == pods;
        if world.remaining.iter().any(|object| is_pod(&object)) {
            delete(world.remaining.iter().filter(is_pod), &mut plan);
            report(world, &mut plan);
        } else if world.remaining.is_empty() {
            for resource in &world.unsure {
                plan.act(Write::DeleteAll {
                    resource: resource.clone(),
                    namespace: world.namespace.name().to_owned(),
                });
            }
            finalize(&world.namespace, &mut plan);
        } else {
            delete(world.remaining.iter(), &mut plan);
            report(world, &mut plan);
        }
        plan
    }
}

fn delete<'a>(objects: impl Iterator<Item = &'a Arc<dyn Cached>>, plan: &mut Plan<Write>) {
    let live = objects.filter(|object| object.meta().deletion_timestamp.is_none());
    for object in live.take(DELETE_BURST) {
        plan.act(Write::Delete {
            key: object.object_key(),
            uid: object.meta().uid.clone().unwrap_or_default(),
            grace: None,
            propagation: Some("Background"),
        });
    }
}

/// Gives the namespace free.
fn finalize(namespace: &Namespace, plan: &mut Plan<Write>) {
    let mut done = namespace.clone();
    let finalizers = done
        .spec
        .get_or_insert_default()
        .finalizers
        .get_or_insert_default();
    finalizers.retain(|finalizer| finalizer != FINALIZER);
    let object = Object::from_typed(&done).expect("a namespace is a JSON object");
    plan.act(Write::Update {
        key: namespace.key(),
        object,
        subresource: Some("finalize"),
        seen: Vec::new(),
    });
}

/// Says what is left, when that was not said yet.
fn report(world: &World, plan: &mut Plan<Write>) {
    let mut status = world.namespace.status.clone().unwrap_or_default();
    let known = status
        .conditions
        .iter()
        .flatten()
        .find(|known| known.type_ == REMAINING);
    let message = format!(
        "Some resources are remaining: {}",
        counted(&world.remaining)
    );
    if known.is_some_and(|known| known.message.as_deref() == Some(message.as_str())) {
        return;
    }
    let since = known.and_then(|known| known.last_transition_time.clone());
    let condition = NamespaceCondition {
        type_: REMAINING.to_owned(),
        status: "True".to_owned(),
        reason: Some("SomeResourcesRemain".to_owned()),
        message: Some(message),
        last_transition_time: Some(since.unwrap_or(Time(whole_seconds(world.now)))),
    };
    let conditions = status.conditions.get_or_insert_default();
    conditions.retain(|known| known.type_ != REMAINING);
    conditions.push(condition);
    let namespace = Namespace {
        status: Some(status),
        ..Namespace::clone(&world.namespace)
    };
    plan.act(Write::update_status(&namespace));
}

fn counted(objects: &[Arc<dyn Cached>]) -> String {
    let mut counts: std::collections::BTreeMap<GroupResource, usize> =
        std::collections::BTreeMap::new();
    for object in objects {
        *counts.entry(object.object_key().resource).or_default() += 1;
    }
    let words = counts
        .iter()
        .map(|(resource, count)| format!("{resource} has {count} resource instances"));
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
