//! Options that cannot be meant are refused, in the words that clients know.

use serde_json::{Value, json};

use super::{Server, config_map, request, with};
use crate::Options;

#[track_caller]
fn refused(line: &str, change: impl FnOnce(&mut Options), expected: &str) {
    let mut server = Server::new();
    let (code, status) = server.send(with(line, change), Some(config_map("a", json!({}))));
    let message = status["message"].as_str().unwrap_or_default();
    assert_eq!((code, message), (422, expected));
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[test]
fn a_list_says_how_a_revision_is_meant_only_when_it_names_one() {
    let line = "list v1 configmaps default/";
    refused(
        line,
        |options| options.resource_version_match = text("Exact"),
        "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: \
         resourceVersionMatch is forbidden unless resourceVersion is provided",
    );
    refused(
        line,
        |options| {
            options.resource_version_match = text("Exact");
            options.resource_version = text("0");
            options.continue_token = text("x");
        },
        "ListOptions.meta.k8s.io \"\" is invalid: [resourceVersionMatch: Forbidden: \
         resourceVersionMatch is forbidden with continue, resourceVersionMatch: Forbidden: \
         resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"]",
    );
    refused(
        line,
        |options| {
            options.resource_version_match = text("Newer");
            options.resource_version = text("1");
        },
        "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: \
         \"Newer\": supported values: \"Exact\", \"NotOlderThan\", \"\"",
    );
    refused(
        line,
        |options| options.send_initial_events = Some(true),
        "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: \
         sendInitialEvents is forbidden for list",
    );
}

#[test]
fn a_watch_that_begins_with_a_list_says_from_when() {
    let line = "watch v1 configmaps default/";
    refused(
        line,
        |options| options.send_initial_events = Some(false),
        "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: \
         sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    );
    refused(
        line,
        |options| {
            options.resource_version_match = text("NotOlderThan");
            options.resource_version = text("1");
        },
        "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: \
         resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    );
}

#[test]
fn a_manager_has_a_short_printable_name_and_only_an_applier_forces() {
    let line = "create v1 configmaps default/";
    refused(
        line,
        |options| options.field_manager = Some("m".repeat(129)),
        "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more than \
         128 bytes",
    );
    refused(
        "update v1 configmaps default/a",
        |options| options.field_manager = text("a\tb"),
        "UpdateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\tb\": should \
         only contain printable characters",
    );
    refused(
        "merge-patch v1 configmaps default/a",
        |options| options.force = true,
        "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for \
         non-apply patch",
    );
    refused(
        "apply v1 configmaps default/a",
        |_| {},
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for \
         apply patch",
    );
}

#[test]
fn what_a_client_calls_itself_is_cut_where_a_manager_is_refused() {
    let mut server = Server::new();
    let mut creation = request("create v1 configmaps default/");
    creation.user_agent = format!("{}\u{7}/1.0 (linux)", "m".repeat(200));
    let made = server.ok(creation, Some(config_map("a", json!({}))));
    let manager = &made["metadata"]["managedFields"][0]["manager"];
    assert_eq!(*manager, json!("m".repeat(128)));
}

fn deleting(options: Value) -> (u16, String) {
    let mut server = Server::new();
    server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("a", json!({}))),
    );
    let (code, status) = server.send(request("delete v1 configmaps default/a"), Some(options));
    (
        code,
        status["message"].as_str().unwrap_or_default().to_owned(),
    )
}

#[test]
fn a_delete_says_in_one_way_what_becomes_of_dependents() {
    assert_eq!(
        deleting(json!({"propagationPolicy": "Sometimes"})),
        (
            422,
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \
             \"Sometimes\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
                .to_owned()
        )
    );
    assert_eq!(
        deleting(json!({"propagationPolicy": "Orphan", "orphanDependents": true})),
        (
            422,
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \
             \"Orphan\": orphanDependents and deletionPropagation cannot be both set"
                .to_owned()
        )
    );
    let (code, message) = deleting(json!({"gracePeriodSeconds": "soon"}));
    assert_eq!(code, 400);
    assert!(
        message.contains("gracePeriodSeconds: expected 64-bit integer"),
        "{message}"
    );
    assert_eq!(deleting(json!({"kind": "Pod", "apiVersion": "v1"})).0, 400);
}
