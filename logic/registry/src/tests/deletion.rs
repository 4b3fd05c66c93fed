//! How objects go.

use serde_json::json;

use super::{Server, config_map, grace, pod, request, with};

fn bind(server: &mut Server, name: &str) {
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
        "target": {"kind": "Node", "name": "n1"}});
    server.ok(
        request(&format!("create v1 pods/binding default/{name}")),
        Some(binding),
    );
}

#[test]
fn what_nobody_holds_goes_at_once() {
    let mut server = Server::new();
    let made = server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("a", json!({}))),
    );
    let gone = server.ok(request("delete v1 configmaps default/a"), None);
    assert_eq!(gone["status"], "Success");
    assert_eq!(
        gone["details"],
        json!({"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]})
    );
    assert!(
        server
            .refused(request("get v1 configmaps default/a"), None)
            .starts_with("404")
    );
}

#[test]
fn the_last_finalizer_takes_the_object_along() {
    let mut server = Server::new();
    let mut body = config_map("a", json!({}));
    body["metadata"]["finalizers"] = json!(["example.com/hold"]);
    server.ok(request("create v1 configmaps default/"), Some(body));
    let marked = server.ok(request("delete v1 configmaps default/a"), None);
    assert_eq!(
        marked["metadata"]["deletionTimestamp"],
        "2026-03-01T10:00:00Z"
    );
    let patch = json!({"metadata": {"finalizers": null}});
    server.ok(request("merge-patch v1 configmaps default/a"), Some(patch));
    assert!(
        server
            .refused(request("get v1 configmaps default/a"), None)
            .starts_with("404")
    );
}

#[test]
fn a_running_pod_is_given_time_that_can_only_be_shortened() {
    let mut server = Server::new();
    server.ok(request("create v1 pods default/"), Some(pod("web")));
    bind(&mut server, "web");
    let marked = server.ok(request("delete v1 pods default/web"), None);
    assert_eq!(
        marked["metadata"]["deletionTimestamp"],
        "2026-03-01T10:00:30Z"
    );
    assert_eq!(marked["metadata"]["deletionGracePeriodSeconds"], 30);
    let longer = server.ok(with("delete v1 pods default/web", grace(60)), None);
    assert_eq!(longer["metadata"]["deletionGracePeriodSeconds"], 30);
    let shorter = server.ok(with("delete v1 pods default/web", grace(5)), None);
    let generation = |pod: &serde_json::Value| pod["metadata"]["generation"].clone();
    assert_eq!(generation(&shorter), generation(&marked));
    assert_eq!(
        shorter["metadata"]["deletionTimestamp"],
        "2026-03-01T10:00:05Z"
    );
    let gone = server.ok(with("delete v1 pods default/web", grace(0)), None);
    assert_eq!(gone["status"], "Success");
}

#[test]
fn a_pod_on_no_node_goes_at_once() {
    let mut server = Server::new();
    server.ok(request("create v1 pods default/"), Some(pod("web")));
    assert_eq!(
        server.ok(request("delete v1 pods default/web"), None)["status"],
        "Success"
    );
}

#[test]
fn a_precondition_on_another_uid_saves_the_object() {
    let mut server = Server::new();
    server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("a", json!({}))),
    );
    let options =
        json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "x"}});
    let refused = server.refused(request("delete v1 configmaps default/a"), Some(options));
    assert!(
        refused.contains("Precondition failed: UID in precondition: x"),
        "{refused}"
    );
}

#[test]
fn a_namespace_takes_nothing_more_and_goes_when_it_is_finalized() {
    let mut server = Server::new();
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}});
    server.ok(request("create v1 namespaces"), Some(body));
    let mut going = server.ok(request("delete v1 namespaces team"), None);
    assert_eq!(going["status"]["phase"], "Terminating");
    let (code, refused) = server.send(
        request("create v1 configmaps team/"),
        Some(config_map("a", json!({}))),
    );
    assert_eq!(
        (code, &refused["details"]["causes"][0]["reason"]),
        (403, &json!("NamespaceTerminating"))
    );
    going["spec"]["finalizers"] = json!([]);
    server.ok(request("update v1 namespaces/finalize team"), Some(going));
    assert!(
        server
            .refused(request("get v1 namespaces team"), None)
            .starts_with("404")
    );
}

#[test]
fn some_namespaces_stay() {
    let mut server = Server::new();
    assert_eq!(
        server.refused(request("delete v1 namespaces default"), None),
        "403 Forbidden: namespaces \"default\" is forbidden: this namespace may not be deleted"
    );
}

#[test]
fn a_collection_goes_by_its_labels() {
    let mut server = Server::new();
    for (name, app) in [("a", "x"), ("b", "x"), ("c", "y")] {
        let mut body = config_map(name, json!({}));
        body["metadata"]["labels"] = json!({"app": app});
        server.ok(request("create v1 configmaps default/"), Some(body));
    }
    let line = "deletecollection v1 configmaps default/";
    let selected = with(line, |options| {
        options.label_selector = Some("app=x".to_owned())
    });
    assert_eq!(
        server.ok(selected, None)["items"].as_array().unwrap().len(),
        2
    );
    let left = server.ok(request("list v1 configmaps default/"), None);
    assert_eq!(left["items"][0]["metadata"]["name"], "c");
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}
