//! The words with a dollar sign in a strategic merge patch, taken out of the patch.
//!
//! `$patch` says what to do with an object, `$retainKeys` which keys to keep,
//! `$deleteFromPrimitiveList/x` what to take out of list `x`, `$setElementOrder/x` how to order it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::PatchError;
use crate::trail::Trail;

const ACTION: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const DELETE: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";

/// What to do with an object as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Merge,
    Replace,
    Delete,
}

/// What a patch says beside the values of fields.
#[derive(Debug)]
pub(super) struct Directives {
    pub(super) action: Action,
    pub(super) retain: Option<Vec<String>>,
    /// By the list's field name.
    pub(super) delete: BTreeMap<String, Vec<Value>>,
    /// By the list's field name.
    pub(super) order: BTreeMap<String, Vec<Value>>,
}

/// Takes the directives out of a patch, which then holds fields only.
pub(super) fn take(
    patch: &mut Map<String, Value>,
    at: &Trail<'_>,
) -> Result<Directives, PatchError> {
    Ok(Directives {
        action: take_action(patch, at)?,
        retain: patch
            .remove(RETAIN)
            .map(|keys| names(keys, at))
            .transpose()?,
        delete: take_lists(patch, DELETE, at)?,
        order: take_lists(patch, ORDER, at)?,
    })
}

/// Takes `$patch` out of a patch.
pub(super) fn take_action(
    patch: &mut Map<String, Value>,
    at: &Trail<'_>,
) -> Result<Action, PatchError> {
    match patch.remove(ACTION) {
        None => Ok(Action::Merge),
        Some(Value::String(word)) if word == "merge" => Ok(Action::Merge),
        Some(Value::String(word)) if word == "replace" => Ok(Action::Replace),
        Some(Value::String(word)) if word == "delete" => Ok(Action::Delete),
        Some(other) => Err(wrong(at, format!("unknown patch type: {other}"))),
    }
}

/// A value as it is stored when there was nothing to merge it with: no directives, no nulls, no
/// list items that were only there to delete something.
pub(super) fn without_directives(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let fields = map
                .into_iter()
                .filter(|(key, value)| !is_directive(key) && !value.is_null());
            Value::Object(
                fields
                    .map(|(key, value)| (key, without_directives(value)))
                    .collect(),
            )
        }
        Value::Array(items) => items
            .into_iter()
            .filter(|item| !only_acts(item))
            .map(without_directives)
            .collect(),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

fn is_directive(key: &str) -> bool {
    key == ACTION || key == RETAIN || key.starts_with(DELETE) || key.starts_with(ORDER)
}

fn only_acts(item: &Value) -> bool {
    let action = item.get(ACTION).and_then(Value::as_str);
    action == Some("delete")
        || (action == Some("replace") && item.as_object().is_some_and(|map| map.len() == 1))
}

fn names(keys: Value, at: &Trail<'_>) -> Result<Vec<String>, PatchError> {
    serde_json::from_value(keys).map_err(|_| wrong(at, "$retainKeys must list names".into()))
}

fn take_lists(
    patch: &mut Map<String, Value>,
    prefix: &str,
    at: &Trail<'_>,
) -> Result<BTreeMap<String, Vec<Value>>, PatchError> {
    let found: Vec<String> = patch
        .keys()
        .filter(|key| key.starts_with(prefix))
        .cloned()
        .collect();
    let mut lists = BTreeMap::new();
    for key in found {
        match patch.remove(&key) {
            Some(Value::Array(items)) => {
                lists.insert(key[prefix.len()..].to_owned(), items);
            }
            _ => return Err(wrong(at, format!("{key} must be a list"))),
        }
    }
    Ok(lists)
}

/// An error about the field at `path`.
pub(super) fn wrong(at: &Trail<'_>, detail: String) -> PatchError {
    PatchError::Directive {
        path: at.path(),
        detail,
    }
}
