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

/// Tidies all of `object` but what lies at the paths called `opaque`.
pub(crate) fn object(object: &mut Object, opaque: &[&str]) {
    map(&mut object.0, opaque);
}

fn tree(value: &mut Value, opaque: &[&str]) {
    match value {
        Value::Object(fields) => map(fields, opaque),
        Value::Array(items) => items.iter_mut().for_each(|item| tree(item, opaque)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn map(fields: &mut Map<String, Value>, opaque: &[&str]) {
    fields.retain(|name, value| {
        // What a manager owns is written with names of fields; it is not ours to tidy.
        if name == "managedFields" || opaque.contains(&name.as_str()) {
            whole_numbers(value);
            return true;
        }
        let deeper = opaque
            .iter()
            .filter_map(|path| path.strip_prefix(name.as_str()));
        let deeper: Vec<&str> = deeper.filter_map(|path| path.strip_prefix('.')).collect();
        tree(value, &deeper);
        !is_void(name, value)
    });
}

/// Types write every number of theirs with a fraction; a whole one is written without, as it came.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Number(number) if number.is_f64() => {
            let text = number.to_string();
            let whole = text.strip_suffix(".0");
            if let Some(whole) = whole.and_then(|text| text.parse::<i64>().ok()) {
                *number = whole.into();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_void(name: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty() && !REQUIRED_LISTS.contains(&name),
        Value::Object(fields) => fields.is_empty() && OPTIONAL_MAPS.contains(&name),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
