//! What watchers are told.

use gantry_store::Revision;
use serde_json::json;

use super::{Server, config_map, request, with};

/// The frames that a watch from `since` sends for everything that happened after.
fn told(server: &mut Server, selector: &str, since: Revision) -> Vec<String> {
    let plan = server.watch(with("watch v1 configmaps default/", |options| {
        options.label_selector = Some(selector.to_owned());
        options.resource_version = Some(since.to_string());
    }));
    let snapshot = server.snapshot();
    let changes = snapshot.changes(since).unwrap();
    let within = changes.filter(|change| plan.range.contains(&change.key));
    let events = within.filter_map(|change| plan.event(change));
    let now = server.now;
    let frames = events.map(|event| {
        let frame: serde_json::Value =
            serde_json::from_slice(&plan.frame(&event, false, now)).unwrap();
        let meta = &frame["object"]["metadata"];
        let text = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
        format!(
            "{} {} {}",
            text(&frame["type"]),
            text(&meta["name"]),
            text(&meta["labels"]["app"])
        )
    });
    frames.collect()
}

#[test]
fn an_object_comes_into_view_and_leaves_it() {
    let mut server = Server::new();
    let since = server.snapshot().revision();
    server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("a", json!({}))),
    );
    for app in ["x", "y"] {
        let label = json!({"metadata": {"labels": {"app": app}}});
        server.ok(request("merge-patch v1 configmaps default/a"), Some(label));
    }
    server.ok(request("delete v1 configmaps default/a"), None);
    assert_eq!(
        told(&mut server, "app=x", since),
        ["ADDED a x", "DELETED a x"]
    );
    assert_eq!(
        told(&mut server, "", since),
        ["ADDED a ", "MODIFIED a x", "MODIFIED a y", "DELETED a y"]
    );
}

#[test]
fn a_watch_from_nowhere_begins_with_all_there_is() {
    let mut server = Server::new();
    server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("a", json!({}))),
    );
    let plan = server.watch(request("watch v1 configmaps"));
    assert!(plan.begins_with_all);
    assert_eq!(plan.begin(&server.snapshot()).unwrap().len(), 1);
}
