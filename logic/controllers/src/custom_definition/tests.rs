//! Which names a definition gets, and how it goes.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;
use crate::testing::{plan_for, put, shown};

fn definition(plural: &str, kind: &str, short: &str, rest: Value) -> Value {
    let mut definition = json!({
        "metadata": {"name": format!("{plural}.example.com"), "uid": plural},
        "spec": {"group": "example.com", "scope": "Namespaced", "versions": [],
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind,
                "listKind": format!("{kind}List"), "shortNames": [short]}},
    });
    for (name, value) in rest.as_object().into_iter().flatten() {
        for (field, value) in value.as_object().into_iter().flatten() {
            definition[name][field] = value.clone();
        }
    }
    definition
}

fn accepted_as(plural: &str, kind: &str, short: &str) -> Value {
    let mut definition = definition(plural, kind, short, json!({}));
    let established = json!({"type": "Established", "status": "True"});
    definition["status"] =
        json!({"acceptedNames": definition["spec"]["names"], "conditions": [established]});
    definition
}

fn check(objects: Vec<Value>, name: &str, expected: &Expect) {
    let mut view = View::default();
    put::<Namespace>(&mut view, json!({"metadata": {"name": "default"}}));
    for object in objects {
        put::<Definition>(&mut view, object);
    }
    let plan = plan_for::<_, Definition>(&CustomDefinitions, &view, ("", name));
    expected.assert_eq(&shown(&plan));
}

#[test]
fn names_that_are_free_are_accepted_and_established() {
    check(
        vec![definition("webs", "Web", "w", json!({}))],
        "webs.example.com",
        &expect![[r#"
            status customresourcedefinitions.apiextensions.k8s.io webs.example.com {"acceptedNames":{"kind":"Web","listKind":"WebList","plural":"webs","shortNames":["w"],"singular":"web"},"conditions":[{"lastTransitionTime":"2026-01-01T12:00:00Z","message":"no conflicts found","reason":"NoConflicts","status":"True","type":"NamesAccepted"},{"lastTransitionTime":"2026-01-01T12:00:00Z","message":"the initial names have been accepted","reason":"InitialNamesAccepted","status":"True","type":"Established"}]}
        "#]],
    );
}

#[test]
fn names_that_are_taken_have_to_wait() {
    check(
        vec![
            accepted_as("others", "Web", "w"),
            definition("webs", "Web", "w", json!({})),
        ],
        "webs.example.com",
        &expect![[r#"
            status customresourcedefinitions.apiextensions.k8s.io webs.example.com {"acceptedNames":{"kind":"","plural":"webs"},"conditions":[{"lastTransitionTime":"2026-01-01T12:00:00Z","message":"\"WebList\" is already in use","reason":"ListKindConflict","status":"False","type":"NamesAccepted"},{"lastTransitionTime":"2026-01-01T12:00:00Z","message":"not all names are accepted","reason":"NotAccepted","status":"False","type":"Established"}]}
        "#]],
    );
}

#[test]
fn a_definition_goes_after_all_its_objects() {
    let deleted = json!({"deletionTimestamp": "2026-01-01T11:59:59Z", "finalizers": [CLEANUP]});
    let mut never = definition("webs", "Web", "w", json!({"metadata": deleted}));
    check(
        vec![never.clone()],
        "webs.example.com",
        &expect![[r#"
        status customresourcedefinitions.apiextensions.k8s.io webs.example.com {"conditions":[{"lastTransitionTime":"2026-01-01T12:00:00Z","message":"resource was never established","reason":"NeverEstablished","status":"False","type":"Terminating"}]}
    "#]],
    );
    never["status"] = accepted_as("webs", "Web", "w")["status"].clone();
    check(
        vec![never.clone()],
        "webs.example.com",
        &expect![[r#"
        status customresourcedefinitions.apiextensions.k8s.io webs.example.com {"acceptedNames":{"kind":"Web","listKind":"WebList","plural":"webs","shortNames":["w"],"singular":"web"},"conditions":[{"status":"True","type":"Established"},{"lastTransitionTime":"2026-01-01T12:00:00Z","message":"CustomResource deletion is in progress","reason":"InstanceDeletionInProgress","status":"True","type":"Terminating"}]}
    "#]],
    );
    let going = json!({"type": "Terminating", "status": "True",
        "lastTransitionTime": "2026-01-01T11:59:59Z", "reason": "InstanceDeletionInProgress",
        "message": "CustomResource deletion is in progress"});
    let conditions = never["status"]["conditions"].as_array_mut().unwrap();
    conditions.push(going);
    check(
        vec![never],
        "webs.example.com",
        &expect![[r#"
        delete all webs.example.com in default
        status customresourcedefinitions.apiextensions.k8s.io webs.example.com {"acceptedNames":{"kind":"Web","listKind":"WebList","plural":"webs","shortNames":["w"],"singular":"web"},"conditions":[{"status":"True","type":"Established"},{"lastTransitionTime":"2026-01-01T12:00:00Z","message":"removed all instances","reason":"InstanceDeletionCompleted","status":"False","type":"Terminating"}]}
    "#]],
    );
}
