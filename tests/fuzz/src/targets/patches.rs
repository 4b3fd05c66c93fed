//! Patches: an object, a line of three dashes, and what shall be changed in it.

use gantry_schema::decode::{self, Format};
use gantry_schema::limits::DEPTH_MAX;
use gantry_schema::patch;
use serde_json::Value;

use super::texts::shape;
use super::values::named;

/// What stands between the object and the patch.
const BETWEEN: &[u8] = b"\n---\n";

/// What a JSON patch knows.
pub(super) const OPERATIONS: &[&str] = &[
    "{\"op\":\"add\",",
    "{\"op\":\"remove\",",
    "{\"op\":\"replace\",",
    "{\"op\":\"move\",",
    "{\"op\":\"copy\",",
    "{\"op\":\"test\",",
    "\"path\":\"/",
    "\"from\":\"/",
    "\"value\":",
    "~0",
    "~1",
    "/-",
    "/0",
    "/metadata",
    "/spec/containers/0",
    "\"\"",
    "},{",
    "\n---\n",
];
/// What a strategic merge patch knows.
pub(super) const DIRECTIVES: &[&str] = &[
    "\"$patch\":\"delete\"",
    "\"$patch\":\"replace\"",
    "\"$patch\":\"merge\"",
    "\"$retainKeys\":[",
    "\"$deleteFromPrimitiveList/finalizers\":[",
    "\"$setElementOrder/containers\":[",
    "\"containers\":[{\"name\":",
    "\"ports\":[{\"containerPort\":80}]",
    "\"volumes\":[",
    "null",
    "\"env\":[",
    "\"tolerations\":[",
    "\"finalizers\":[",
    "\n---\n",
    "{\"name\":\"a\"}",
    "{},",
];

/// The object and the patch of an input, if both are there.
fn parts(input: &[u8]) -> Option<(Value, Value)> {
    let at = input
        .windows(BETWEEN.len())
        .position(|part| part == BETWEEN)?;
    let value = |text: &[u8]| Some(decode::parse(text, Format::Json).ok()?.untyped().value);
    Some((value(&input[..at])?, value(&input[at + BETWEEN.len()..])?))
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(map) => map.values().map(depth).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
    };
    inner.unwrap_or(0) + 1
}

/// What a patch made can be read again from where it is stored.
fn is_bounded(result: &Value) {
    assert!(depth(result) <= DEPTH_MAX, "no deeper than a body may be");
}

/// RFC 6902.
pub(super) fn json(input: &[u8]) -> String {
    let Some((target, patch)) = parts(input) else {
        return "not two values".to_owned();
    };
    match patch::json(target, patch) {
        Ok(result) => {
            is_bounded(&result);
            "applies".to_owned()
        }
        Err(error) => {
            // The outermost words name the operation, the innermost what is wrong with it.
            let chain = gantry_base::chain(&error);
            let inner = chain.rsplit(": ").next().unwrap_or_default();
            format!("{}: {}", shape(&chain), shape(inner))
        }
    }
}

/// RFC 7396. Applied twice it does what it does once.
pub(super) fn merge(input: &[u8]) -> String {
    let Some((target, patch)) = parts(input) else {
        return "not two values".to_owned();
    };
    let result = patch::merge(target, &patch);
    is_bounded(&result);
    assert_eq!(
        patch::merge(result.clone(), &patch),
        result,
        "once is enough"
    );
    "applies".to_owned()
}

/// By the schema of the object's kind.
pub(super) fn strategic(input: &[u8]) -> String {
    let Some((target, patch)) = parts(input) else {
        return "not two values".to_owned();
    };
    let of = |name: &str| target.get(name).and_then(Value::as_str).unwrap_or("");
    let ty = named(of("apiVersion"), of("kind"));
    match patch::strategic(target, patch, ty) {
        Ok(result) => {
            is_bounded(&result);
            "applies".to_owned()
        }
        Err(error) => shape(&error.to_string()),
    }
}
