//! Between the two forms of an event: only names differ, so trees are renamed.

use gantry_api::Object;
use serde_json::Value;

/// The same field in the core group and in the events' own.
const PAIRS: [(&str, &str); 7] = [
    ("count", "deprecatedCount"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("source", "deprecatedSource"),
    ("message", "note"),
    ("involvedObject", "regarding"),
    ("reportingComponent", "reportingController"),
];

/// An event of its own group in the core form.
pub(super) fn to_core(mut event: Object) -> Object {
    for (core, group) in PAIRS {
        rename(&mut event, group, core);
    }
    event.set(&["apiVersion"], Value::from("v1"));
    event
}

/// A core event in the form of its own group.
pub(super) fn to_group(mut event: Object) -> Object {
    for (core, group) in PAIRS {
        rename(&mut event, core, group);
    }
    event.set(&["apiVersion"], Value::from("events.k8s.io/v1"));
    event
}

fn rename(event: &mut Object, from: &str, to: &str) {
    if let Some(value) = event.0.remove(from) {
        event.0.insert(to.to_owned(), value);
    }
}
