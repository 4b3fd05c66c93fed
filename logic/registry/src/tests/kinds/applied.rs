//! Every kind is applied, by one and by another.

use serde_json::{Value, json};

use super::{Example, STEP, Subresource, bare, examples, holds, step_of, stored};
use crate::Request;

fn applying(example: &Example, part: &str, manager: &str, force: bool) -> Request {
    let mut request = example.part("apply", part);
    request.options.field_manager = Some(manager.to_owned());
    request.options.force = force;
    request
}

/// The example with the tests' annotation.
fn marked(example: &Example, value: &str) -> Option<Value> {
    let mut object = example.object.clone();
    object["metadata"]["annotations"][STEP] = json!(value);
    Some(object)
}

/// Who applies an object, and through which subresource.
fn appliers(object: &Value) -> Vec<(&str, &str)> {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    let applies = entries.iter().filter(|entry| entry["operation"] == "Apply");
    applies
        .map(|entry| {
            (
                entry["manager"].as_str().unwrap(),
                entry["subresource"].as_str().unwrap_or(""),
            )
        })
        .collect()
}

#[test]
fn every_kind_is_made_by_apply_and_only_once() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let mut server = example.server();
        let (code, made) = server.send(applying(&example, "", "one", false), marked(&example, "a"));
        assert_eq!(code, 201, "{file}: {made:#}");
        assert_eq!(appliers(&made), [("one", "")], "{file}");
        server.now = "2026-03-01T11:00:00Z".parse().unwrap();
        let again = server.ok(applying(&example, "", "one", false), marked(&example, "a"));
        assert_eq!(bare(again), bare(made), "{file}");
    }
}

#[test]
fn a_field_of_another_is_taken_by_force_and_given_up() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let mut server = example.server();
        server.ok(applying(&example, "", "one", false), marked(&example, "a"));
        let refused = server.refused(applying(&example, "", "two", false), marked(&example, "b"));
        // A list that is owned as one piece may be in conflict as well, for its defaults.
        assert!(
            refused.starts_with("409 Conflict: Apply failed"),
            "{refused}"
        );
        for told in ["with \"one\"", &format!(".metadata.annotations.{STEP}")] {
            assert!(refused.contains(told), "{file}: {refused}");
        }
        let taken = server.ok(applying(&example, "", "two", true), marked(&example, "b"));
        assert_eq!(step_of(&taken), "b", "{file}");
        assert!(appliers(&taken).contains(&("two", "")), "{file}");
        let given_up = server.ok(
            applying(&example, "", "two", false),
            Some(example.object.clone()),
        );
        assert!(step_of(&given_up).is_null(), "{file}: {given_up:#}");
    }
}

#[test]
fn a_status_is_applied_by_whoever_observes() {
    for example in examples(|kind| kind.subresources.contains(&Subresource::Status)) {
        let file = super::file_of(&example.kind);
        let (mut server, made) = example.made();
        let mut config = example.status.clone().unwrap_or_default();
        for field in ["apiVersion", "kind"] {
            config[field] = made[field].clone();
        }
        config["metadata"] = json!({"name": example.name()});
        let told = server.ok(
            applying(&example, "status", "observer", true),
            Some(config.clone()),
        );
        assert!(holds(&told["status"], &config["status"]), "{file}");
        assert_eq!(appliers(&told), [("observer", "status")], "{file}");
        assert_eq!(told.get("spec"), made.get("spec"), "{file}");
    }
}

#[test]
fn replicas_are_applied_through_scale() {
    for example in examples(|kind| kind.scale.is_some()) {
        let file = super::file_of(&example.kind);
        let (mut server, _) = example.made();
        let config = |replicas: i64| {
            Some(json!({
                "apiVersion": "autoscaling/v1", "kind": "Scale",
                "metadata": {"name": example.name()}, "spec": {"replicas": replicas},
            }))
        };
        let scale = server.ok(applying(&example, "scale", "scaler", true), config(3));
        assert_eq!(
            (&scale["kind"], &scale["spec"]["replicas"]),
            (&json!("Scale"), &json!(3)),
            "{file}"
        );
        let object = server.ok(example.request("get"), None);
        assert_eq!(object["spec"]["replicas"], 3, "{file}");
        assert_eq!(appliers(&object), [("scaler", "scale")], "{file}");
        let refused = server.refused(applying(&example, "scale", "other", false), config(4));
        assert_eq!(
            refused,
            "409 Conflict: Apply failed with 1 conflict: conflict with \"scaler\" with subresource \
             \"scale\": .spec.replicas",
            "{file}"
        );
    }
}
