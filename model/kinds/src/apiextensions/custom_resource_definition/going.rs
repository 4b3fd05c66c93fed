//! How a definition goes: only after all objects of its kinds have gone.

use gantry_api::Object;
use gantry_base::time::{Timestamp, rfc3339};
use serde_json::{Value, json};

/// The finalizer that holds a definition until its objects are gone.
pub const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Holds a definition whose deletion begins, and says why.
pub(super) fn mark(definition: &mut Object, now: Timestamp) {
    let known = definition.finalizers();
    if known.contains(&CLEANUP) {
        return;
    }
    let finalizers: Vec<&str> = known.into_iter().chain([CLEANUP]).collect();
    let finalizers = Value::from(finalizers);
    definition.set(&["metadata", "finalizers"], finalizers);
    let conditions = definition
        .at(&["status", "conditions"])
        .and_then(Value::as_array);
    let is_other = |own: &&Value| own["type"] != "Terminating";
    let mut conditions: Vec<Value> = conditions
        .into_iter()
        .flatten()
        .filter(is_other)
        .cloned()
        .collect();
    conditions.push(json!({
        "type": "Terminating",
        "status": "True",
        "lastTransitionTime": rfc3339(now),
        "reason": "InstanceDeletionPending",
        "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will \
                    begin soon",
    }));
    definition.set(&["status", "conditions"], conditions.into());
}
