//! What table cells look like when there is nothing, something, or too much to show.

use gantry_api::views::Meta;
use gantry_base::time::{self, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;

/// Shown when there is nothing to show.
pub const NONE: &str = "<none>";
/// Shown when a value that has a default was not given.
pub const UNSET: &str = "<unset>";
/// Shown when a value is not known.
pub const UNKNOWN: &str = "<unknown>";

/// The text, or `<none>` when it is empty.
#[must_use]
pub fn or_none(text: &str) -> Value {
    if text.is_empty() {
        NONE.into()
    } else {
        text.into()
    }
}

/// The state of an object, or that it is on its way out.
#[must_use]
pub fn or_terminating<'a>(object: &impl Meta, state: &'a str) -> &'a str {
    if object.is_terminating() {
        "Terminating"
    } else {
        state
    }
}

/// How long ago something happened, as a cell.
#[must_use]
pub fn age(then: Option<Timestamp>, now: Timestamp) -> Value {
    age_text(then, now).into()
}

/// How long ago something happened, as text.
#[must_use]
pub fn age_text(then: Option<Timestamp>, now: Timestamp) -> String {
    then.map_or_else(
        || UNKNOWN.to_owned(),
        |then| time::age(time::since(now, then)),
    )
}

/// The moment in a wire time.
#[must_use]
pub fn moment(time: Option<&Time>) -> Option<Timestamp> {
    time.map(|time| time.0)
}

/// The texts with commas between them, or `<none>`.
#[must_use]
pub fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    or_none(&texts.into_iter().collect::<Vec<_>>().join(","))
}

/// The first `shown` texts with commas between them, and how many more there are.
#[must_use]
pub fn first_of(texts: &[String], shown: usize) -> String {
    match texts.len().checked_sub(shown) {
        None | Some(0) => texts.join(","),
        Some(more) => format!("{} + {more} more...", texts[..shown].join(",")),
    }
}

/// A map of labels as `a=b,c=d`, or `<none>`.
#[must_use]
pub fn labels<'a>(labels: impl IntoIterator<Item = (&'a String, &'a String)>) -> Value {
    let pairs: Vec<String> = labels
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    or_none(&pairs.join(","))
}
