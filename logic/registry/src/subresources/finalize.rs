//! `/finalize`: takes away a kind's own finalizers, which lie in its spec.
//!
//! This is how a namespace goes: whoever emptied it takes its finalizer away.

use serde_json::Value;

use gantry_api::Rejection;

use crate::call::Call;
use crate::decode;
use crate::managers::{self, Writer};
use crate::metadata;
use crate::step::Step;
use crate::verbs::update;

/// Replaces the list of finalizers in the spec, and nothing else.
pub(super) fn update(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let mut given = decode::object(call)?;
    metadata::address(call, &mut given)?;
    let stored = call.stored()?;
    let old = call.read(stored)?;
    metadata::check_expectations(call, &given, &old)?;
    let mut object = old.clone();
    match given.at(&["spec", "finalizers"]).and_then(Value::as_array) {
        Some(list) if !list.is_empty() => {
            object.set(&["spec", "finalizers"], Value::from(list.clone()));
        }
        _ => drop(object.remove(&["spec", "finalizers"])),
    }
    managers::record(call, &mut object, Some(&old), Writer::Update)?;
    update::settle(call, stored, &object)
}
