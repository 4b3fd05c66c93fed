//! Empties a namespace that is being deleted, pods first, and then lets it go.
//!
//! What other API servers keep in it is emptied by whoever can reach them, who notes that at the
//! namespace; until then it stays, and says what it waits for.

mod elsewhere;

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, NamespaceCondition, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;

use gantry_api::views::Meta;
use gantry_api::{GroupResource, Object, ObjectKey, Revision};
use gantry_base::Timestamp;
use gantry_base::time::whole_seconds;
use gantry_reconcile::sources::Kind;
use gantry_reconcile::{Cached, Controller, Plan, Reconciler, Sources, View, Write, defined};

use crate::census::{self, Census};
use crate::limits::DELETE_BURST;
use elsewhere::Elsewhere;

/// The finalizer in `spec.finalizers` that holds a namespace until it is empty.
const FINALIZER: &str = "kubernetes";
const DISCOVERY: &str = "NamespaceDeletionDiscoveryFailure";
const REMAINING: &str = "NamespaceContentRemaining";
const HELD: &str = "NamespaceFinalizersRemaining";

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
    /// Other API servers that may still keep something in it.
    elsewhere: Vec<Elsewhere>,
    now: Timestamp,
}

impl Controller for Namespaces {
    const NAME: &'static str = "namespace-controller";

    fn sources(&self) -> Sources {
        let sources = Sources::new()
            .own::<Namespace>()
            .mapped::<APIService>(elsewhere::concerned);
        census::count(Homes(sources.defined(home))).0
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
        let kinds = defined(view).filter(|kind| kind.namespaced);
        let late = kinds.map(|kind| kind.resource);
        let late = late.filter(|resource| is_late(&resource));
        Some(World {
            elsewhere: elsewhere::of(&namespace, view),
            namespace,
            remaining,
            unsure: self
                .resources
                .iter()
                .filter(is_late)
                .cloned()
                .chain(late)
                .collect(),
            now,
        })
    }
}

/// Whatever changes in a namespace that is being deleted makes that namespace due.
struct Homes(Sources);

/// The namespace of an object, if it is being deleted.
fn home(object: &dyn Cached, view: &View) -> Vec<ObjectKey> {
    let home = object.meta().namespace.as_deref().unwrap_or("");
    let home = view.get::<Namespace>("", home);
    let ending = home.filter(|home| home.is_terminating());
    ending.map(|home| home.key()).into_iter().collect()
}

impl Census for Homes {
    fn namespaced<T: Kind>(&mut self) {
        self.0 = std::mem::take(&mut self.0).outlined::<T>(home);
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
        } else if world.remaining.is_empty() && !world.elsewhere.is_empty() {
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

/// Says what is left and what holds it, when that was not said yet.
fn report(world: &World, plan: &mut Plan<Write>) {
    let mut status = world.namespace.status.clone().unwrap_or_default();
    let known = status.conditions.take().unwrap_or_default();
    let conditions = conditions(world).map(|condition| {
        let before = known.iter().find(|known| known.type_ == condition.type_);
        let same = before.filter(|known| known.status == condition.status);
        let since = same.and_then(|known| known.last_transition_time.clone());
        NamespaceCondition {
            last_transition_time: Some(since.unwrap_or(Time(whole_seconds(world.now)))),
            ..condition
        }
    });
    let others = known.iter().filter(|known| {
        conditions
            .iter()
            .all(|condition| condition.type_ != known.type_)
    });
    let all: Vec<NamespaceCondition> = others.chain(&conditions).cloned().collect();
    if all == known {
        return;
    }
    status.conditions = Some(all);
    let namespace = Namespace {
        status: Some(status),
        ..Namespace::clone(&world.namespace)
    };
    plan.act(Write::update_status(&namespace));
}

/// How far the emptying is, as clients know it.
fn conditions(world: &World) -> [NamespaceCondition; 5] {
    let resources = world.remaining.iter().map(|object| {
        let resource = object.object_key().resource;
        format!("{}.{}", resource.resource, resource.group)
    });
    let finalizers = world.remaining.iter().flat_map(|object| {
        let finalizers = object.meta().finalizers.iter().flatten();
        finalizers.cloned().collect::<Vec<_>>()
    });
    let left = counted(resources, "has");
    let held = counted(finalizers, "in");
    let fine =
        |type_: &str, reason: &str, message: &str| condition(type_, "False", reason, message);
    [
        elsewhere::failure(&world.elsewhere).map_or_else(
            || {
                fine(
                    DISCOVERY,
                    "ResourcesDiscovered",
                    "All resources successfully discovered",
                )
            },
            |message| condition(DISCOVERY, "True", "DiscoveryFailed", &message),
        ),
        fine(
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        fine(
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        if left.is_empty() {
            fine(
                REMAINING,
                "ContentRemoved",
                "All content successfully removed",
            )
        } else {
            let message = format!("Some resources are remaining: {left}");
            condition(REMAINING, "True", "SomeResourcesRemain", &message)
        },
        if held.is_empty() {
            fine(
                HELD,
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
            )
        } else {
            let message = format!("Some content in the namespace has finalizers remaining: {held}");
            condition(HELD, "True", "SomeFinalizersRemain", &message)
        },
    ]
}

fn condition(type_: &str, status: &str, reason: &str, message: &str) -> NamespaceCondition {
    NamespaceCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_transition_time: None,
    }
}

/// Each word with how many objects it was said of.
fn counted(words: impl Iterator<Item = String>, verb: &str) -> String {
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let texts = counts
        .iter()
        .map(|(word, count)| format!("{word} {verb} {count} resource instances"));
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
