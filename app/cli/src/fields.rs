//! Reading trees without ceremony: what is absent reads as empty.

use serde_json::Value;

pub(crate) use gantry_api::jsonpath::shown;

/// The value at a dotted path; null when there is none.
pub(crate) fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, name| &value[name])
}

/// The text at a dotted path; empty when there is none.
pub(crate) fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    at(value, path).as_str().unwrap_or_default()
}

/// The whole number at a dotted path; zero when there is none.
pub(crate) fn number(value: &Value, path: &str) -> i64 {
    at(value, path).as_i64().unwrap_or_default()
}

/// The items at a dotted path; none when there is no list.
pub(crate) fn items<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    at(value, path).as_array().map_or(&[], Vec::as_slice)
}

/// The entries at a dotted path in alphabetical order; none when there is no map.
pub(crate) fn entries<'v>(value: &'v Value, path: &str) -> Vec<(&'v String, &'v Value)> {
    let map = at(value, path).as_object();
    let mut entries: Vec<_> = map.into_iter().flatten().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

/// `a=b,c=d`, or the word for nothing.
pub(crate) fn pairs(value: &Value, path: &str, none: &str) -> String {
    let entries = entries(value, path);
    if entries.is_empty() {
        return none.to_owned();
    }
    let pairs: Vec<String> = entries
        .into_iter()
        .map(|(key, value)| format!("{key}={}", shown(value)))
        .collect();
    pairs.join(",")
}
