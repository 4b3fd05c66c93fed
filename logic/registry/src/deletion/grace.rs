//! Which kinds are given time to end, and how long.
//!
//! One line per kind in [`GRACEFUL`]; all others go at once.

use serde_json::Value;

use gantry_api::Object;
use gantry_kinds::Descriptor;

use crate::request::DeleteOptions;

/// Says how long an object that is deleted with these options is given.
type Rule = fn(&Object, &DeleteOptions) -> i64;

/// The kinds that are given time to end, by resource.
const GRACEFUL: &[(&str, &str, Rule)] = &[("", "pods", pod)];

/// How many seconds the object is given; none for kinds that end at once.
pub(super) fn seconds(kind: &Descriptor, object: &Object, options: &DeleteOptions) -> Option<i64> {
    let (_, _, rule) = GRACEFUL
        .iter()
        .find(|(group, plural, _)| kind.names.group == *group && kind.names.plural == *plural)?;
    Some(rule(object, options))
}

/// A pod is given what the caller says, else what it asks for itself; none at all when no node
/// runs it.
fn pod(pod: &Object, options: &DeleteOptions) -> i64 {
    let is_over = matches!(pod.text(&["status", "phase"]), "Succeeded" | "Failed");
    if pod.text(&["spec", "nodeName"]).is_empty() || is_over {
        return 0;
    }
    let own = pod
        .at(&["spec", "terminationGracePeriodSeconds"])
        .and_then(Value::as_i64);
    match options.grace_period_seconds.or(own) {
        Some(seconds) if seconds >= 0 => seconds,
        // A negative number has always meant "as short as an orderly end can be".
        Some(_) => 1,
        None => 0,
    }
}
