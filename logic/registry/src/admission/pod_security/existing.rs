//! What is told when a namespace begins to want more than its pods keep to. They stay.

use std::collections::{BTreeMap, BTreeSet};

use gantry_api::{GroupResource, Object, ObjectKey};
use serde_json::Value;

use crate::call::Call;
use crate::limits::PODS_JUDGED;

use super::policy::Standard;
use super::subject::Subject;
use super::{checks, exemptions};

/// What is to be said of the pods in `namespace` that `standard` would refuse.
pub(super) fn warnings(call: &Call<'_>, namespace: &str, standard: Standard) -> Vec<String> {
    let pods = pods(call, namespace);
    let mut warnings = Vec::new();
    if PODS_JUDGED < pods.len() {
        let all = pods.len();
        warnings.push(format!(
            "new PodSecurity enforce level only checked against the first {PODS_JUDGED} of {all} \
             existing pods"
        ));
    }
    let mut names: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for pod in pods.iter().take(PODS_JUDGED) {
        let violations = checks::violations(standard, &subject(pod));
        if !violations.is_empty() {
            let alike = names.entry(violations.reasons()).or_default();
            alike.insert(pod.name());
        }
    }
    if !names.is_empty() {
        warnings.push(format!(
            "existing pods in namespace {namespace:?} violate the new PodSecurity enforce level \
             \"{standard}\""
        ));
    }
    let mut lines: Vec<String> = names.iter().filter_map(line).collect();
    lines.sort();
    warnings.extend(lines);
    warnings
}

/// The pods to judge: first one of each controller, then the others.
fn pods(call: &Call<'_>, namespace: &str) -> Vec<Object> {
    let prefix = ObjectKey::prefix(&GroupResource::new("", "pods"), Some(namespace));
    let stored = call.snapshot.range(&prefix, None);
    let pods = stored.map(|(_, stored)| stored.value.object(stored.modified));
    let mut seen = BTreeSet::new();
    let (mut pods, others): (Vec<Object>, Vec<Object>) = pods
        .filter(|pod| !exemptions(call).has_class(&subject(pod)))
        .partition(|pod| controller(pod).is_none_or(|uid| seen.insert(uid)));
    pods.extend(others);
    pods
}

fn subject(pod: &Object) -> Subject<'_> {
    Subject::new(pod.annotations(), pod.at(&["spec"]).unwrap_or(&Value::Null))
}

/// The uid of the owner that manages a pod.
fn controller(pod: &Object) -> Option<String> {
    let owners = pod.at(&["metadata", "ownerReferences"])?.as_array()?;
    let is_controller = |owner: &&Value| owner.get("controller") == Some(&Value::Bool(true));
    let owner = owners.iter().find(is_controller)?;
    Some(owner.get("uid")?.as_str()?.to_owned())
}

/// One of the pods that are wrong in the same ways, and how many more there are.
fn line((reasons, names): (&String, &BTreeSet<&str>)) -> Option<String> {
    let first = names.first()?;
    Some(match names.len() - 1 {
        0 => format!("{first}: {reasons}"),
        1 => format!("{first} (and 1 other pod): {reasons}"),
        others => format!("{first} (and {others} other pods): {reasons}"),
    })
}
