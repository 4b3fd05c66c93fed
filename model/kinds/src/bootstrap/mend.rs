//! What becomes of an object of the system that a starting server finds changed.
//!
//! Only what is missing is added to roles and bindings: what an administrator added stays. Whoever
//! wants an object left alone says so in its annotation.

use gantry_api::Object;
use serde_json::{Value, json};

use super::api_services::MANAGED;
use crate::flowcontrol::system::{AUTOUPDATE, is_mandatory};

const ROLES: &str = "rbac.authorization.k8s.io";
const ROLE_AUTOUPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";
const FLOW_CONTROL: &str = "flowcontrol.apiserver.k8s.io";
const REGISTRATION: &str = "apiregistration.k8s.io";

/// What `known` is to become, given how a fresh server would make it; nothing when it may stay as
/// it is.
#[must_use]
pub fn mended(fresh: &Object, known: &Object) -> Option<Object> {
    let mut mended = known.clone();
    match fresh.api_version().group.as_str() {
        ROLES if note(known, ROLE_AUTOUPDATE) != "false" => role(fresh, &mut mended),
        FLOW_CONTROL if is_ours(known) => {
            complete(fresh, &mut mended, &["metadata", "annotations"]);
            replace(fresh, &mut mended, "spec");
        }
        REGISTRATION if known.labels().contains_key(MANAGED) => {
            replace(fresh, &mut mended, "spec");
        }
        _ => {}
    }
    (mended != *known).then_some(mended)
}

fn note(object: &Object, annotation: &str) -> String {
    object.annotations().remove(annotation).unwrap_or_default()
}

/// Of flow control, what must exist is always put in order; of the rest what says so, or what says
/// nothing and was never changed.
fn is_ours(known: &Object) -> bool {
    match note(known, AUTOUPDATE).as_str() {
        _ if is_mandatory(known.name()) => !is_exempt_level(known),
        "" => known.generation() == 1,
        says => says == "true",
    }
}

/// The shares of what is exempt may be changed, and nothing else of it.
fn is_exempt_level(known: &Object) -> bool {
    known.at(&["spec", "exempt"]).is_some()
}

fn role(fresh: &Object, mended: &mut Object) {
    complete(fresh, mended, &["metadata", "annotations"]);
    complete(fresh, mended, &["metadata", "labels"]);
    append(fresh, mended, &["subjects"]);
    if fresh.at(&["aggregationRule"]).is_some() {
        // Its rules are gathered from other roles.
        let selectors = ["aggregationRule", "clusterRoleSelectors"];
        append(fresh, mended, &selectors);
    } else {
        append(fresh, mended, &["rules"]);
    }
}

/// Adds the entries of a map, with the values that a fresh server gives them.
fn complete(fresh: &Object, mended: &mut Object, path: &[&str]) {
    let entries = fresh.at(path).and_then(Value::as_object);
    for (key, value) in entries.into_iter().flatten() {
        let path = [path, &[key.as_str()]].concat();
        mended.set(&path, value.clone());
    }
}

/// Adds those items of a list that are missing.
fn append(fresh: &Object, mended: &mut Object, path: &[&str]) {
    let items = |object: &Object| object.at(path).and_then(Value::as_array).cloned();
    let mut all = items(mended).unwrap_or_default();
    let before = all.len();
    for item in items(fresh).unwrap_or_default() {
        if !all.contains(&item) {
            all.push(item);
        }
    }
    if all.len() > before {
        mended.set(path, json!(all));
    }
}

fn replace(fresh: &Object, mended: &mut Object, field: &str) {
    if let Some(value) = fresh.at(&[field]) {
        mended.set(&[field], value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap::{Bootstrap, objects};

    fn fresh(kind: &str, name: &str) -> Object {
        let config = Bootstrap {
            service_ranges: vec!["10.96.0.0/16".to_owned()],
        };
        let mut all = objects(&config).into_iter();
        all.find(|object| object.kind() == kind && object.name() == name)
            .unwrap()
    }

    #[test]
    fn what_was_taken_from_a_role_comes_back_and_what_was_added_stays() {
        let fresh = fresh("ClusterRole", "system:discovery");
        let mut known = fresh.clone();
        assert_eq!(mended(&fresh, &known), None);
        let added = json!({ "nonResourceURLs": ["/x"], "verbs": ["get"] });
        known.set(&["rules"], json!([added]));
        let whole = mended(&fresh, &known).unwrap();
        let own = fresh.at(&["rules"]).unwrap()[0].clone();
        assert_eq!(whole.at(&["rules"]), Some(&json!([added, own])));
        known.set(
            &["metadata", "annotations", ROLE_AUTOUPDATE],
            "false".into(),
        );
        assert_eq!(mended(&fresh, &known), None);
    }

    #[test]
    fn what_a_role_gathered_stays() {
        let fresh = fresh("ClusterRole", "view");
        let mut known = fresh.clone();
        known.set(&["rules"], json!([]));
        assert_eq!(mended(&fresh, &known), None);
        known.remove(&["aggregationRule"]);
        assert!(mended(&fresh, &known).is_some());
    }

    #[test]
    fn a_subject_comes_back() {
        let fresh = fresh("ClusterRoleBinding", "cluster-admin");
        let mut known = fresh.clone();
        known.remove(&["subjects"]);
        assert_eq!(mended(&fresh, &known), Some(fresh));
    }

    #[test]
    fn suggestions_are_put_back_unless_somebody_said_otherwise() {
        let fresh = fresh("PriorityLevelConfiguration", "workload-low");
        let shares = ["spec", "limited", "nominalConcurrencyShares"];
        let mut known = fresh.clone();
        known.set(&shares, 1.into());
        assert_eq!(mended(&fresh, &known), Some(fresh.clone()));
        known.set(&["metadata", "annotations", AUTOUPDATE], "false".into());
        assert_eq!(mended(&fresh, &known), None);
        known.remove(&["metadata", "annotations"]);
        known.set(&["metadata", "generation"], 2.into());
        assert_eq!(mended(&fresh, &known), None);
        known.set(&["metadata", "generation"], 1.into());
        assert!(mended(&fresh, &known).is_some());
    }

    #[test]
    fn a_registration_of_our_own_is_put_in_order() {
        let fresh = fresh("APIService", "v1.apps");
        let mut known = fresh.clone();
        known.set(&["spec", "versionPriority"], 1.into());
        assert_eq!(mended(&fresh, &known), Some(fresh.clone()));
        known.remove(&["metadata", "labels"]);
        assert_eq!(mended(&fresh, &known), None);
    }
}
