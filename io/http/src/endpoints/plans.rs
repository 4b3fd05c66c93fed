//! Why is this object as it is? The latest plans of all loops of this process that concerned it.
//!
//! For administrators: plans name objects of all namespaces. What is older than the newest few
//! thousand plans is forgotten, and a server that was started again knows only its own.

use serde_json::{Value, json};

use gantry_api::{GroupResource, ObjectKey};
use gantry_base::time::rfc3339_micro;
use gantry_driver::Decided;

use crate::front::Front;

/// Answers `/debug/plans/RESOURCE[.GROUP]/[NAMESPACE/]NAME`; nothing for all other paths.
pub(super) fn answer(front: &Front, path: &str) -> Option<Value> {
    let object = object(path.strip_prefix("/debug/plans/")?)?;
    let plans = front.record.about(&object);
    Some(json!({
        "object": object.to_string(),
        "plans": plans.iter().map(plan).collect::<Vec<_>>(),
    }))
}

fn object(words: &str) -> Option<ObjectKey> {
    let words: Vec<&str> = words.split('/').collect();
    let (resource, namespace, name) = match words[..] {
        [resource, name] => (resource, "", name),
        [resource, namespace, name] => (resource, namespace, name),
        _ => return None,
    };
    let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
    Some(ObjectKey::new(
        GroupResource::new(group, resource),
        namespace,
        name,
    ))
}

fn plan(decided: &Decided) -> Value {
    let reasons = decided.reasons.iter();
    let reasons = reasons.map(|reason| json!({"about": reason.about, "because": reason.because}));
    json!({
        "at": rfc3339_micro(decided.at),
        "by": decided.by,
        "lookingAt": decided.objects.first().map(ToString::to_string),
        "actions": decided.actions,
        "reasons": reasons.collect::<Vec<_>>(),
        "outcome": decided.outcome,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_as_resource_namespace_and_name() {
        let told = |words: &str| object(words).map(|object| object.to_string());
        let deployment = "deployments.apps \"default/web\"";
        assert_eq!(
            told("deployments.apps/default/web").as_deref(),
            Some(deployment)
        );
        assert_eq!(told("nodes/one").as_deref(), Some("nodes \"one\""));
        assert_eq!(told("nodes"), None);
        assert_eq!(told("a/b/c/d"), None);
    }
}
