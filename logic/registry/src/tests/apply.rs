//! Server-side apply, from the first time to a conflict.

use serde_json::{Value, json};

use super::{Server, config_map, request, with};
use crate::Request;

fn apply(manager: &str, force: bool) -> Request {
    with("apply v1 configmaps default/a", |options| {
        options.field_manager = Some(manager.to_owned());
        options.force = force;
    })
}

fn data(value: &str) -> Option<Value> {
    Some(config_map("a", json!({"k": value})))
}

#[test]
fn what_is_applied_twice_is_written_once() {
    let mut server = Server::new();
    let (code, _) = server.send(apply("me", false), data("v"));
    let before = server.snapshot().revision();
    let (again, _) = server.send(apply("me", false), data("v"));
    assert_eq!((code, again), (201, 200));
    assert_eq!(server.snapshot().revision(), before);
}

#[test]
fn a_field_of_somebody_else_is_a_conflict_unless_forced() {
    let mut server = Server::new();
    server.ok(apply("me", false), data("v"));
    let refused = server.refused(apply("you", false), data("w"));
    assert_eq!(
        refused,
        "409 Conflict: Apply failed with 1 conflict: conflict with \"me\": .data.k"
    );
    let taken = server.ok(apply("you", true), data("w"));
    assert_eq!(taken["data"]["k"], "w");
    let mut nothing = config_map("a", json!({}));
    nothing.as_object_mut().unwrap().remove("data");
    let dropped = server.ok(apply("you", false), Some(nothing));
    assert_eq!(dropped["data"].get("k"), None);
}

#[test]
fn an_applier_must_say_who_they_are() {
    let mut server = Server::new();
    let refused = server.refused(request("apply v1 configmaps default/a"), data("v"));
    assert!(
        refused.contains("fieldManager: Required value"),
        "{refused}"
    );
}

#[test]
fn several_conflicts_are_told_manager_by_manager() {
    let mut server = Server::new();
    let both = |value: &str| Some(config_map("a", json!({"j": value, "k": value})));
    server.ok(apply("me", false), both("v"));
    assert_eq!(
        server.refused(apply("you", false), both("w")),
        "409 Conflict: Apply failed with 2 conflicts: conflicts with \"me\":\n- .data.j\n- .data.k"
    );
}
