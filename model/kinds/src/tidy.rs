//! Empty lists are left out, as clients are used to; so are nulls.
//!
//! An empty map stays, since it may stand for a choice (`emptyDir: {}`); only the maps of texts
//! named here are known to mean the same as absent. Lists that a type requires stay.

use gantry_api::Object;
use serde_json::{Map, Value};

/// Lists that are written even when empty.
const REQUIRED_LISTS: [&str; 8] = [
    "containers",
    "drivers",
    "endpoints",
    "nodeSelectorTerms",
    "nonResourceRules",
    "resourceRules",
    "rules",
    "verbs",
];

/// Maps that mean the same empty and absent.
const OPTIONAL_MAPS: [&str; 8] = [
    "annotations",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "parameters",
    "requests",
    "stringData",
];

/// Tidies all of `object` but the top-level fields called `opaque`.
pub(crate) fn object(object: &mut Object, opaque: &[&str]) {
    for (name, value) in &mut object.0 {
        if !opaque.contains(&name.as_str()) {
            tree(value);
        }
    }
    object
        .0
        .retain(|name, value| opaque.contains(&name.as_str()) || !is_void(name, value));
}

fn tree(value: &mut Value) {
    match value {
        Value::Object(fields) => map(fields),
        Value::Array(items) => items.iter_mut().for_each(tree),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn map(fields: &mut Map<String, Value>) {
    // What a manager owns is written with names of fields; it is not ours to tidy.
    fields
        .iter_mut()
        .filter(|(name, _)| *name != "managedFields")
        .for_each(|(_, value)| tree(value));
    fields.retain(|name, value| !is_void(name, value));
}

fn is_void(name: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty() && !REQUIRED_LISTS.contains(&name),
        Value::Object(fields) => fields.is_empty() && OPTIONAL_MAPS.contains(&name),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
