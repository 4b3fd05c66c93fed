//! Which objects belong to an owner: those it controls and selects, and matching orphans.
//!
//! An orphan that matches is adopted, a controlled object that no longer matches is released. Both
//! patches name the revision that was seen, so a stale claim fails instead of stealing.

use std::sync::Arc;

use k8s_openapi::Resource;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::{Value, json};

use gantry_api::views::Meta;
use gantry_base::selector::Selector;
use gantry_reconcile::sources::Kind;
use gantry_reconcile::{Plan, Write};

/// The outcome of looking through all candidates.
#[derive(Debug)]
pub(crate) struct Claims<T> {
    /// Those that belong to the owner already.
    pub(crate) owned: Vec<Arc<T>>,
    /// Orphans that should be adopted.
    pub(crate) orphans: Vec<Arc<T>>,
    /// Those that should be let go.
    pub(crate) strays: Vec<Arc<T>>,
}

/// Sorts `candidates` by what they are to the owner with this uid.
pub(crate) fn sort<T: Kind>(
    candidates: impl Iterator<Item = Arc<T>>,
    owner_uid: &str,
    selector: &Selector,
) -> Claims<T> {
    let mut claims = Claims {
        owned: Vec::new(),
        orphans: Vec::new(),
        strays: Vec::new(),
    };
    for object in candidates {
        let matches = selector.matches(object.labels());
        match object.controller() {
            Some(controller) if controller.uid != owner_uid => {}
            Some(_) if matches => claims.owned.push(object),
            Some(_) => claims.strays.push(object),
            None if matches && !object.is_terminating() => claims.orphans.push(object),
            None => {}
        }
    }
    claims
}

impl<T: Kind> Claims<T> {
    /// Plans the adoptions and releases. A terminating owner adopts nothing.
    pub(crate) fn settle(&self, owner: &OwnerReference, terminating: bool, plan: &mut Plan<Write>) {
        if !terminating {
            for orphan in &self.orphans {
                plan.act(with_owners(orphan.as_ref(), &owner.uid, Some(owner)));
            }
        }
        for stray in &self.strays {
            plan.act(with_owners(stray.as_ref(), &owner.uid, None));
        }
    }
}

/// Replaces the reference to `owner_uid` by `reference`, or takes it away.
fn with_owners<T: Kind>(object: &T, owner_uid: &str, reference: Option<&OwnerReference>) -> Write {
    let others = object.metadata().owner_references.iter().flatten();
    let others = others.filter(|known| known.uid != owner_uid).cloned();
    let owners: Vec<OwnerReference> = others.chain(reference.cloned()).collect();
    let owners = if owners.is_empty() {
        Value::Null
    } else {
        json!(owners)
    };
    Write::Patch {
        key: object.key(),
        uid: object.uid().to_owned(),
        patch: json!({"metadata": {
            "ownerReferences": owners,
            "resourceVersion": object.resource_version(),
        }}),
        subresource: None,
    }
}

/// The reference by which `owner` controls what it makes.
pub(crate) fn controller_reference<T: Kind>(owner: &T) -> OwnerReference {
    OwnerReference {
        api_version: <T as Resource>::API_VERSION.to_owned(),
        kind: <T as Resource>::KIND.to_owned(),
        name: owner.name().to_owned(),
        uid: owner.uid().to_owned(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// Metadata of something that `owner` makes in its own namespace.
pub(crate) fn made_by<T: Kind>(owner: &T, name: String) -> ObjectMeta {
    ObjectMeta {
        name: Some(name),
        namespace: owner.metadata().namespace.clone(),
        owner_references: Some(vec![controller_reference(owner)]),
        ..ObjectMeta::default()
    }
}
