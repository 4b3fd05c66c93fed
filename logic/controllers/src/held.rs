//! Holding an object while it is in use: a finalizer that is put on early and taken off late.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, Resource};
use serde::Serialize;

use gantry_api::views::Meta;
use gantry_reconcile::Write;

/// Whether an object carries this finalizer.
pub(crate) fn is_held(object: &impl Metadata<Ty = ObjectMeta>, finalizer: &str) -> bool {
    let finalizers = object.metadata().finalizers.iter().flatten();
    finalizers.into_iter().any(|known| known == finalizer)
}

/// Puts the finalizer on an object that stays and lacks it.
pub(crate) fn hold<T>(object: &T, finalizer: &str) -> Option<Write>
where
    T: Resource + Metadata<Ty = ObjectMeta> + Serialize + Clone,
{
    if object.is_terminating() || is_held(object, finalizer) {
        return None;
    }
    let mut held = object.clone();
    let finalizers = held.metadata_mut().finalizers.get_or_insert_default();
    finalizers.push(finalizer.to_owned());
    Some(Write::update(&held))
}

/// Takes the finalizer off.
pub(crate) fn release<T>(object: &T, finalizer: &str) -> Write
where
    T: Resource + Metadata<Ty = ObjectMeta> + Serialize + Clone,
{
    let mut free = object.clone();
    if let Some(finalizers) = &mut free.metadata_mut().finalizers {
        finalizers.retain(|known| known != finalizer);
    }
    Write::update(&free)
}
