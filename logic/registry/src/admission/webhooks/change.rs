//! What a webhook wants changed. What comes out is an object of its kind again, with the identity
//! that it had.

use serde_json::Value;

use gantry_api::{Object, Rejection};
use gantry_kinds::{Descriptor, Subresource};
use gantry_schema::patch;

use super::failure::Failure;
use super::hooks::Hook;
use super::verdict::Verdict;
use crate::call::Call;
use crate::decode::{self, Expected};
use crate::{metadata, validate};

/// What of an object's metadata belongs to the server.
const OWNED: [&str; 8] = [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
];

/// Changes the object as the webhook said, and tells whether that made a difference.
pub(super) fn apply(
    call: &mut Call<'_>,
    object: &mut Object,
    old: Option<&Object>,
    (hook, form, verdict): (&Hook, &Descriptor, Verdict),
) -> Result<bool, Failure> {
    let Some(patch) = verdict.patch else {
        return Ok(false);
    };
    let before = object.clone();
    let wrong = |error: &dyn std::error::Error| {
        let why = gantry_base::chain(error);
        let name = hook.name();
        Failure::Refused(Rejection::internal(format!(
            "apply the patch of admission webhook {name:?}: {why}"
        )))
    };
    let operations: Value = serde_json::from_slice(&patch).map_err(|error| wrong(&error))?;
    let shown = call.shown_as(form, &before).map_err(Failure::Refused)?;
    let shown = shown.into_owned().into_value();
    let tree = patch::json(shown, operations).map_err(|error| wrong(&error))?;
    let changed = Object::from_value(tree).map(|changed| call.taken_from(form, changed));
    let changed = changed.transpose().map_err(Failure::Refused)?;
    *object = refitted(call, changed, (&before, old)).map_err(Failure::Refused)?;
    Ok(*object != before)
}

/// An object that somebody changed, as its kind would have made it.
fn refitted(
    call: &mut Call<'_>,
    changed: Option<Object>,
    (before, old): (&Object, Option<&Object>),
) -> Result<Object, Rejection> {
    let tree = changed.map_or(Value::Null, Object::into_value);
    let mut object = decode::made_to_fit(tree, Expected::of(call.kind))?;
    for owned in OWNED {
        match before.at(&["metadata", owned]) {
            Some(value) => object.set(&["metadata", owned], value.clone()),
            None => drop(object.remove(&["metadata", owned])),
        }
    }
    metadata::address(call, &mut object)?;
    metadata::name_owners_once(call, &mut object);
    let hooks = &call.kind.hooks;
    hooks.default(&mut object).map_err(validate::shape)?;
    let part = call.request.subresource.as_deref();
    let known = call.kind.subresources.iter();
    let part = part.and_then(|part| known.copied().find(|known| known.name() == part));
    let prepared = match (part, old) {
        (Some(Subresource::Status), Some(old)) => hooks.prepare_status(&mut object, old),
        (None | Some(Subresource::Scale), old) => hooks.prepare(&mut object, old),
        (Some(part), Some(old)) => hooks.prepare_part(part, &mut object, old),
        (Some(_), None) => Ok(()),
    };
    prepared.map_err(validate::shape)?;
    hooks.sign(&mut object, old, &call.author());
    Ok(object)
}
