//! Collects what nobody owns any more, and sees deletions through that wait for dependents.
//!
//! An owner counts as gone only when the view has seen its resource at least as far as the
//! dependent's own revision; what cannot be told yet is looked at again, never deleted.

mod kin;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::{Value, json};

use gantry_api::key::{GroupVersion, Revision};
use gantry_api::{GroupKind, GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_reconcile::sources::Kind;
use gantry_reconcile::{
    Cached, Controller, EventNote, Plan, Reconciler, Sources, View, Write, defined,
};

use crate::census::{self, Census};
use kin::{is_knotted, waits};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";
/// How soon to look again when it cannot be told yet whether an owner exists.
const UNSURE: Duration = Duration::from_secs(1);

/// The garbage collector.
#[derive(Clone, Debug)]
pub struct Garbage {
    kinds: BTreeMap<GroupKind, (GroupResource, bool)>,
}

impl Default for Garbage {
    fn default() -> Self {
        census::count(Self {
            kinds: BTreeMap::new(),
        })
    }
}

impl Garbage {
    fn note<T: Kind>(&mut self, namespaced: bool) {
        self.kinds.insert(
            GroupKind::new(T::GROUP, T::KIND),
            (GroupResource::of::<T>(), namespaced),
        );
    }
}

impl Census for Garbage {
    fn namespaced<T: Kind>(&mut self) {
        self.note::<T>(true);
    }

    fn fleeting<T: Kind>(&mut self) {}

    fn cluster_wide<T: Kind>(&mut self) {
        self.note::<T>(false);
    }
}

/// The sources of the garbage collector: what is fleeting is read, for it may be owned.
struct Relations<'a> {
    sources: Sources,
    garbage: &'a Garbage,
}

impl Census for Relations<'_> {
    fn namespaced<T: Kind>(&mut self) {
        let sources = std::mem::take(&mut self.sources);
        self.sources = related::<T>(sources, self.garbage);
    }

    fn fleeting<T: Kind>(&mut self) {
        self.sources = std::mem::take(&mut self.sources).outlined::<T>(|_, _| Vec::new());
    }

    fn cluster_wide<T: Kind>(&mut self) {
        self.namespaced::<T>();
    }
}

/// What is known of one owner of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OwnerState {
    Present,
    Gone,
    /// The view is older than the object: it will be known when the view has caught up.
    Unsure,
    /// Nobody watches its kind, or it cannot be where it would have to be.
    Unknown,
}

/// An object that names the one that is looked at as its owner.
#[derive(Debug)]
struct Dependent {
    object: Arc<dyn Cached>,
    /// Its other owners that are there to stay: who has one of these stays, too.
    others: Vec<OwnerReference>,
    /// Whether it waits in turn for the one that waits for it.
    is_knotted: bool,
}

/// One object, its owners and its dependents.
#[derive(Debug)]
pub struct World {
    object: Arc<dyn Cached>,
    owners: Vec<(OwnerReference, OwnerState)>,
    dependents: Vec<Dependent>,
    /// Owners that are where they do not count, each as an event about this object.
    abroad: Vec<EventNote>,
}

impl Controller for Garbage {
    const NAME: &'static str = "generic-garbage-collector";

    fn sources(&self) -> Sources {
        let relations = Relations {
            sources: Sources::new(),
            garbage: self,
        };
        let garbage = self.clone();
        let concerned = move |object: &dyn Cached, view: &View| {
            garbage.concerned(view, &object.object_key(), object.meta())
        };
        census::count(relations).sources.defined(concerned)
    }

    fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let object = Arc::clone(view.any(key)?);
        let meta = object.meta();
        let owners = meta.owner_references.iter().flatten();
        let owners: Vec<(OwnerReference, OwnerState)> = owners
            .map(|owner| (owner.clone(), self.state(view, meta, owner)))
            .collect();
        let uid = meta.uid.as_deref().unwrap_or("");
        let dependents = view.owned_by(uid);
        let dependents = dependents.map(|dependent| Dependent {
            object: Arc::clone(dependent),
            others: self.others(view, dependent.meta(), uid),
            is_knotted: waits(meta) && is_knotted(view, dependent.as_ref(), uid),
        });
        Some(World {
            abroad: self.abroad(view, key, meta, &owners),
            dependents: dependents.collect(),
            object,
            owners,
        })
    }
}

/// A changed object makes due whom it concerns.
fn related<T: Kind>(sources: Sources, garbage: &Garbage) -> Sources {
    let garbage = garbage.clone();
    sources.outlined::<T>(move |object, view| {
        garbage.concerned(view, &object.object_key(), object.meta())
    })
}

impl Garbage {
    /// Whom a change of an object concerns: itself, unless all its owners are there and it stays;
    /// owners that are only there still; and once it is gone whoever names it as an owner.
    fn concerned(&self, view: &View, key: &ObjectKey, meta: &ObjectMeta) -> Vec<ObjectKey> {
        let lives = view
            .any(key)
            .is_some_and(|found| found.meta().uid == meta.uid);
        let owners = meta.owner_references.iter().flatten();
        let is_there = |owner| self.state(view, meta, owner) == OwnerState::Present;
        let is_itself = lives && (is_held(meta) || !owners.clone().all(is_there));
        let mut concerned: Vec<ObjectKey> = owners
            .filter_map(|owner| self.key(view, meta, owner))
            .filter(|key| view.any(key).is_some_and(|found| is_held(found.meta())))
            .collect();
        concerned.extend(is_itself.then(|| key.clone()));
        if !lives {
            let dependents = view.owned_by(meta.uid.as_deref().unwrap_or(""));
            concerned.extend(dependents.map(|dependent| dependent.object_key()));
        }
        concerned
    }

    /// The resource of an owner, and whether it lives in a namespace; nothing when its kind is not
    /// one we watch.
    fn kind(&self, view: &View, owner: &OwnerReference) -> Option<(GroupResource, bool)> {
        let group = GroupVersion::parse(&owner.api_version).group;
        let kind = GroupKind::new(group, owner.kind.as_str());
        if let Some(known) = self.kinds.get(&kind) {
            return Some(known.clone());
        }
        let found = defined(view).find(|own| own.kind == kind)?;
        Some((found.resource, found.namespaced))
    }

    /// The address of an owner; nothing when its kind is not one we watch.
    fn key(&self, view: &View, meta: &ObjectMeta, owner: &OwnerReference) -> Option<ObjectKey> {
        let (resource, namespaced) = self.kind(view, owner)?;
        let namespace = meta
            .namespace
            .as_deref()
            .filter(|_| namespaced)
            .unwrap_or("");
        Some(ObjectKey::new(resource, namespace, &owner.name))
    }

    fn state(&self, view: &View, meta: &ObjectMeta, owner: &OwnerReference) -> OwnerState {
        let Some(key) = self
            .key(view, meta, owner)
            .filter(|_| !self.is_below(view, meta, owner))
        else {
            return OwnerState::Unknown;
        };
        let found = view.any(&key).and_then(|found| found.meta().uid.clone());
        let own = meta
            .resource_version
            .as_deref()
            .and_then(|text| text.parse().ok())
            .map(Revision);
        if found.as_deref() == Some(owner.uid.as_str()) {
            OwnerState::Present
        } else if view.revision(&key.resource) >= own && own.is_some() {
            OwnerState::Gone
        } else {
            OwnerState::Unsure
        }
    }
}

impl Reconciler for Garbage {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let meta = world.object.meta();
        let terminating = meta.deletion_timestamp.is_some();
        for note in world.abroad.iter().filter(|_| !terminating) {
            plan.act(Write::Note(note.clone()));
        }
        if terminating && has_finalizer(meta, ORPHAN) {
            orphan(world, &mut plan);
        } else if terminating && has_finalizer(meta, FOREGROUND) {
            delete_dependents(world, &mut plan);
        } else if !terminating {
            collect(world, &mut plan);
        }
        plan
    }
}

/// Whether the object is about to go, and stays until its dependents are seen to.
fn is_held(meta: &ObjectMeta) -> bool {
    let holds = |finalizer| has_finalizer(meta, finalizer);
    meta.deletion_timestamp.is_some() && (holds(FOREGROUND) || holds(ORPHAN))
}

fn has_finalizer(meta: &ObjectMeta, finalizer: &str) -> bool {
    meta.finalizers
        .iter()
        .flatten()
        .any(|known| known == finalizer)
}

/// Deletes the object when all its owners are gone; else forgets those that are.
fn collect(world: &World, plan: &mut Plan<Write>) {
    let in_state = |wanted: OwnerState| {
        world
            .owners
            .iter()
            .filter(move |(_, state)| *state == wanted)
    };
    let gone = in_state(OwnerState::Gone).count();
    if in_state(OwnerState::Unknown).count() > 0 {
        // Waiting would not help: nothing will ever be known of that owner.
    } else if in_state(OwnerState::Unsure).count() > 0 {
        // The view catching up makes nothing due by itself.
        plan.recheck_after(UNSURE);
    } else if gone > 0 && gone == world.owners.len() {
        let key = world.object.object_key();
        plan.explain(format!("delete {key}"), "its owners are gone");
        plan.act(delete(world.object.as_ref(), "Background"));
    } else if gone > 0 {
        let left: Vec<&OwnerReference> = in_state(OwnerState::Present)
            .map(|(owner, _)| owner)
            .collect();
        plan.act(patch(world.object.as_ref(), "ownerReferences", json!(left)));
    }
}

/// Deletes all dependents that nobody else owns; the object itself may go when none of them holds it
/// back.
fn delete_dependents(world: &World, plan: &mut Plan<Write>) {
    let uid = world.object.meta().uid.as_deref().unwrap_or("");
    let mut held = false;
    for dependent in &world.dependents {
        let meta = dependent.object.meta();
        let owners = meta.owner_references.iter().flatten();
        let blocks = owners
            .filter(|owner| owner.uid == uid)
            .any(|owner| owner.block_owner_deletion == Some(true));
        held |= blocks && !dependent.is_knotted;
        if meta.deletion_timestamp.is_some() {
            continue;
        }
        if dependent.others.is_empty() {
            plan.act(delete(dependent.object.as_ref(), "Foreground"));
        } else {
            let left = json!(dependent.others);
            plan.act(patch(dependent.object.as_ref(), "ownerReferences", left));
        }
    }
    if !held {
        release(world, FOREGROUND, plan);
    }
}

/// Frees all dependents; then the object may go.
fn orphan(world: &World, plan: &mut Plan<Write>) {
    let uid = world.object.meta().uid.as_deref().unwrap_or("");
    for dependent in &world.dependents {
        let owners = dependent.object.meta().owner_references.iter().flatten();
        let left: Vec<&OwnerReference> = owners.filter(|owner| owner.uid != uid).collect();
        let dependent = dependent.object.as_ref();
        plan.act(patch(dependent, "ownerReferences", json!(left)));
    }
    if world.dependents.is_empty() {
        release(world, ORPHAN, plan);
    }
}

fn release(world: &World, finalizer: &str, plan: &mut Plan<Write>) {
    let finalizers = world.object.meta().finalizers.iter().flatten();
    let left: Vec<&String> = finalizers.filter(|known| *known != finalizer).collect();
    plan.act(patch(world.object.as_ref(), "finalizers", json!(left)));
}

fn patch(object: &dyn Cached, field: &str, value: Value) -> Write {
    let meta = object.meta();
    let mut metadata = json!({"resourceVersion": meta.resource_version});
    metadata[field] = value;
    Write::Patch {
        key: object.object_key(),
        uid: meta.uid.clone().unwrap_or_default(),
        patch: json!({"metadata": metadata}),
        subresource: None,
    }
}

fn delete(object: &dyn Cached, propagation: &'static str) -> Write {
    let uid = object.meta().uid.clone().unwrap_or_default();
    Write::Delete {
        key: object.object_key(),
        uid,
        grace: None,
        propagation: Some(propagation),
    }
}

#[cfg(test)]
mod tests;
