//! Creates, updates, patches, dry runs.

use serde_json::json;

use super::{Server, config_map, request, with};
use crate::request::FieldValidation;

#[test]
fn what_the_client_says_of_the_servers_fields_is_taken_back() {
    let mut server = Server::new();
    let mut body = config_map("a", json!({"k": "v"}));
    body["metadata"]["uid"] = json!("mine");
    body["metadata"]["creationTimestamp"] = json!("2001-01-01T00:00:00Z");
    let made = server.ok(request("create v1 configmaps default/"), Some(body));
    assert_ne!(made["metadata"]["uid"], "mine");
    assert_eq!(
        made["metadata"]["creationTimestamp"],
        "2026-03-01T10:00:00Z"
    );
    assert_eq!(made["metadata"]["namespace"], "default");
    assert_eq!(made["metadata"]["managedFields"][0]["manager"], "tests");
    let read = server.ok(request("get v1 configmaps default/a"), None);
    assert_eq!(read, made);
}

#[test]
fn writing_the_same_again_changes_nothing() {
    let mut server = Server::new();
    let made = server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("a", json!({}))),
    );
    let before = server.snapshot().revision();
    server.now = "2026-03-01T11:00:00Z".parse().unwrap();
    server.ok(
        request("update v1 configmaps default/a"),
        Some(made.clone()),
    );
    server.ok(
        request("merge-patch v1 configmaps default/a"),
        Some(json!({})),
    );
    assert_eq!(server.snapshot().revision(), before);
}

#[test]
fn an_update_from_an_old_revision_is_refused() {
    let mut server = Server::new();
    let made = server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("a", json!({}))),
    );
    server.ok(
        request("merge-patch v1 configmaps default/a"),
        Some(json!({"data": {"k": "v"}})),
    );
    let refused = server.refused(request("update v1 configmaps default/a"), Some(made));
    assert_eq!(
        refused,
        "409 Conflict: Operation cannot be fulfilled on configmaps \"a\": the object has been \
         modified; please apply your changes to the latest version and try again"
    );
    server.ok(
        request("update v1 configmaps default/a"),
        Some(config_map("a", json!({"x": "y"}))),
    );
}

#[test]
fn a_dry_run_decides_everything_and_keeps_nothing() {
    let mut server = Server::new();
    let before = server.snapshot().revision();
    let made = server.ok(
        with("create v1 configmaps default/", |options| {
            options.dry_run = true
        }),
        Some(config_map("a", json!({}))),
    );
    assert!(made["metadata"]["uid"].is_string());
    assert_eq!(server.snapshot().revision(), before);
}

#[test]
fn a_mistyped_field_is_refused_or_remarked_on_as_the_client_asks() {
    let mut server = Server::new();
    let mut body = config_map("a", json!({}));
    body["Data"] = json!({});
    let strict = with("create v1 configmaps default/", |options| {
        options.field_validation = FieldValidation::Strict;
    });
    assert_eq!(
        server.refused(strict, Some(body.clone())),
        "400 BadRequest: ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict \
         decoding error: unknown field \"Data\" (Data: did you mean \"data\"?)"
    );
    let made = server.ok(request("create v1 configmaps default/"), Some(body));
    assert_eq!(
        made["WARNINGS"][0],
        "unknown field \"Data\", did you mean \"data\"?"
    );
}

#[test]
fn a_body_of_another_kind_or_place_is_refused() {
    let mut server = Server::new();
    let wrong = server.refused(
        request("create v1 pods default/"),
        Some(config_map("a", json!({}))),
    );
    assert_eq!(
        wrong,
        "400 BadRequest: the kind in the data (ConfigMap) does not match the expected kind (Pod): \
         send it to the path of its own kind"
    );
    let mut body = config_map("a", json!({}));
    body["metadata"]["namespace"] = json!("other");
    let wrong = server.refused(request("create v1 configmaps default/"), Some(body));
    assert!(
        wrong.contains("does not match the namespace sent on the request"),
        "{wrong}"
    );
}

#[test]
fn a_body_that_does_not_say_its_kind_is_of_the_one_that_the_path_names() {
    let mut server = Server::new();
    let body = json!({"metadata": {"name": "a"}, "data": {"k": "v"}});
    let made = server.ok(request("create v1 configmaps default/"), Some(body));
    assert_eq!(
        (&made["apiVersion"], &made["kind"]),
        (&json!("v1"), &json!("ConfigMap"))
    );
    let body = json!({"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "w"}});
    let made = server.ok(request("update v1 configmaps default/a"), Some(body));
    assert_eq!(made["data"]["k"], "w");
}

#[test]
fn a_generated_name_is_free_and_shown() {
    let mut server = Server::new();
    let mut body = config_map("", json!({}));
    body["metadata"] = json!({"generateName": "web-"});
    let made = server.ok(request("create v1 configmaps default/"), Some(body));
    let name = made["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("web-") && name.len() == 9, "{name}");
}

#[test]
fn a_second_object_of_the_same_name_is_refused() {
    let mut server = Server::new();
    server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("a", json!({}))),
    );
    assert_eq!(
        server.refused(
            request("create v1 configmaps default/"),
            Some(config_map("a", json!({})))
        ),
        "409 AlreadyExists: configmaps \"a\" already exists"
    );
}

#[test]
fn a_json_patch_whose_test_fails_is_invalid() {
    let mut server = Server::new();
    server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("a", json!({"k": "v"}))),
    );
    let patch = json!([{"op": "test", "path": "/data/k", "value": "other"}]);
    let refused = server.refused(request("json-patch v1 configmaps default/a"), Some(patch));
    assert!(
        refused.starts_with("422 Invalid: ConfigMap \"a\" is invalid: patch"),
        "{refused}"
    );
}

#[test]
fn generation_counts_specs_and_not_statuses() {
    let mut server = Server::new();
    let template = json!({"metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "main", "image": "nginx"}]}});
    let made = server.ok(
        request("create apps/v1 deployments default/"),
        Some(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
        })),
    );
    assert_eq!(made["metadata"]["generation"], 1);
    let status = json!({"status": {"replicas": 1, "observedGeneration": 1}});
    let told = server.ok(
        request("merge-patch apps/v1 deployments/status default/web"),
        Some(status),
    );
    assert_eq!(
        (&told["metadata"]["generation"], &told["status"]["replicas"]),
        (&json!(1), &json!(1))
    );
    let scale = json!({"spec": {"replicas": 3}});
    let shown = server.ok(
        request("merge-patch apps/v1 deployments/scale default/web"),
        Some(scale),
    );
    assert_eq!(shown["kind"], "Scale");
    assert_eq!(shown["status"]["selector"], "a=b");
    assert!(
        !shown["metadata"]["resourceVersion"]
            .as_str()
            .unwrap()
            .is_empty()
    );
    let read = server.ok(request("get apps/v1 deployments default/web"), None);
    assert_eq!(read["metadata"]["generation"], 2);
    assert_eq!(
        read["metadata"]["resourceVersion"],
        shown["metadata"]["resourceVersion"]
    );
}

#[test]
fn nobody_gives_away_what_they_do_not_hold() {
    let mut server = Server::new();
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "all"},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]});
    server.caller = gantry_api::Caller::authenticated("jane", &[]);
    let line = "create rbac.authorization.k8s.io/v1 roles default/";
    let refused = server.refused(request(line), Some(role));
    assert!(
        refused.contains("attempting to grant RBAC permissions not currently held"),
        "{refused}"
    );
}

#[test]
fn some_kinds_are_made_by_an_update_and_some_must_name_a_revision() {
    let mut server = Server::new();
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "n1"}, "spec": {"holderIdentity": "n1"}});
    let line = "update coordination.k8s.io/v1 leases default/n1";
    let (code, _) = server.send(request(line), Some(lease.clone()));
    assert_eq!(code, 201);
    assert_eq!(
        server.refused(request(line), Some(lease)),
        "422 Invalid: Lease.coordination.k8s.io \"n1\" is invalid: metadata.resourceVersion: \
         Invalid value: 0: must be specified for an update"
    );
}

#[test]
fn odd_fields_are_told_together_before_where_they_are() {
    let mut server = Server::new();
    let text = "{\"apiVersion\": \"v1\",\n \"data\": {},\n \"data\": {},\n \"metadata\": {\"name\": \
                \"a\", \"unknownMeta\": 1},\n \"oops\": 1}";
    let mut strict = with("create v1 configmaps default/", |options| {
        options.field_validation = FieldValidation::Strict;
    });
    strict.body = Some(crate::Body {
        bytes: text.into(),
        format: crate::Format::Json,
    });
    assert_eq!(
        server.refused(strict, None),
        "400 BadRequest: ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict \
         decoding error: unknown field \"metadata.unknownMeta\", unknown field \"oops\", duplicate \
         field \"data\" (unknownMeta: line 4; oops: line 5; data: line 3)"
    );
}

#[test]
fn what_the_path_says_need_not_be_said_again() {
    let mut server = Server::new();
    let body = json!({"metadata": {"name": "a"}, "data": {"k": "v"}});
    let made = server.ok(request("create v1 configmaps default/"), Some(body));
    assert_eq!(
        (&made["kind"], &made["apiVersion"]),
        (&json!("ConfigMap"), &json!("v1"))
    );
    let body = json!({"metadata": {"name": "n1", "namespace": "default"}});
    let made = server.ok(request("create v1 nodes"), Some(body));
    assert_eq!(made["metadata"].get("namespace"), None);
}

#[test]
fn what_is_new_has_no_revision_and_no_uid() {
    let mut server = Server::new();
    let mut body = config_map("a", json!({}));
    body["metadata"]["resourceVersion"] = json!("5");
    let refused = server.refused(request("create v1 configmaps default/"), Some(body));
    assert_eq!(
        refused,
        "500 InternalError: Internal error occurred: resourceVersion should not be set on objects \
         to be created"
    );
    let mut service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80}]}});
    service["metadata"]["uid"] = json!("u");
    let refused = server.refused(request("update v1 services default/web"), Some(service));
    assert!(
        refused.starts_with("409 Conflict") && refused.contains("uid mismatch"),
        "{refused}"
    );
}
