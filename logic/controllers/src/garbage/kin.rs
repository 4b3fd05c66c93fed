//! Who an object's other owners are, who is where owners do not count, and who waits for whom.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use gantry_api::{GroupKind, ObjectKey};
use gantry_reconcile::{Cached, EventNote, View};

use super::{FOREGROUND, Garbage, OwnerState, has_finalizer};

impl Garbage {
    /// Whether an object outside of namespaces names an owner inside of one: nobody can tell where
    /// that would be.
    pub(super) fn is_below(&self, view: &View, meta: &ObjectMeta, owner: &OwnerReference) -> bool {
        let lives_inside = || {
            self.kind(view, owner)
                .is_some_and(|(_, namespaced)| namespaced)
        };
        meta.namespace.is_none() && lives_inside()
    }

    /// The owners other than `uid` that are there, and do not themselves wait for their dependents.
    pub(super) fn others(&self, view: &View, meta: &ObjectMeta, uid: &str) -> Vec<OwnerReference> {
        let owners = meta.owner_references.iter().flatten();
        let others = owners.filter(|owner| owner.uid != uid);
        let waits = |owner: &OwnerReference| {
            let found = self
                .key(view, meta, owner)
                .and_then(|key| view.any(&key).cloned());
            found.is_some_and(|found| waits(found.meta()))
        };
        // Who cannot be told to be gone counts as there.
        let stays = |owner: &&OwnerReference| match self.state(view, meta, owner) {
            OwnerState::Gone => false,
            OwnerState::Present => !waits(owner),
            OwnerState::Unknown | OwnerState::Unsure => true,
        };
        others.filter(stays).cloned().collect()
    }

    /// What people should know of owners that are in another namespace, or in one at all.
    pub(super) fn abroad(
        &self,
        view: &View,
        key: &ObjectKey,
        meta: &ObjectMeta,
        owners: &[(OwnerReference, OwnerState)],
    ) -> Vec<EventNote> {
        let is_elsewhere = |owner: &OwnerReference| {
            let resource = self.key(view, meta, owner).map(|key| key.resource);
            resource.is_some_and(|resource| {
                let mut all = view.of(&resource);
                all.any(|found| found.meta().uid.as_deref() == Some(&owner.uid))
            })
        };
        let abroad = owners.iter().filter(|(owner, state)| match state {
            OwnerState::Gone => is_elsewhere(owner),
            OwnerState::Unknown => self.is_below(view, meta, owner),
            OwnerState::Present | OwnerState::Unsure => false,
        });
        let mut kinds = self.kinds.iter();
        let own = kinds.find(|(_, (resource, _))| *resource == key.resource);
        let Some((kind, _)) = own else {
            return Vec::new();
        };
        abroad
            .map(|(owner, _)| stray(key, meta, kind, owner))
            .collect()
    }
}

/// Whether the object is about to go, and waits for its dependents to go first.
pub(super) fn waits(meta: &ObjectMeta) -> bool {
    meta.deletion_timestamp.is_some() && has_finalizer(meta, FOREGROUND)
}

/// Whether `from` waits, through whomever, for the object `uid`, which waits for it.
pub(super) fn is_knotted(view: &View, from: &dyn Cached, uid: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut ahead = vec![from.object_key()];
    while let Some(key) = ahead.pop() {
        let Some(object) = view.any(&key).filter(|object| waits(object.meta())) else {
            continue;
        };
        let own = object.meta().uid.clone().unwrap_or_default();
        if own == uid {
            return true;
        }
        if seen.insert(own.clone()) {
            ahead.extend(view.owned_by(&own).map(|dependent| dependent.object_key()));
        }
    }
    false
}

fn stray(
    key: &ObjectKey,
    meta: &ObjectMeta,
    kind: &GroupKind,
    owner: &OwnerReference,
) -> EventNote {
    let version = match kind.group.as_str() {
        "" => "v1".to_owned(),
        group => format!("{group}/v1"),
    };
    EventNote {
        about: key.clone(),
        kind: kind.kind.clone(),
        api_version: version,
        uid: meta.uid.clone().unwrap_or_default(),
        field_path: String::new(),
        warning: true,
        reason: "OwnerRefInvalidNamespace".to_owned(),
        message: format!(
            "ownerRef [{}/{}, namespace: {}, name: {}, uid: {}] does not exist in namespace {:?}",
            owner.api_version, owner.kind, key.namespace, owner.name, owner.uid, key.namespace
        ),
        component: String::new(),
    }
}
