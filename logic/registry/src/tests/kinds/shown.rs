//! Every kind as rows, as metadata alone, and as watchers see it.

use serde_json::{Value, json};

use super::{Example, Server, examples, step, stored};
use crate::Request;
use crate::request::{Include, View};

fn viewed(mut request: Request, view: View) -> Request {
    request.view = view;
    request
}

const TABLE: View = View::Table {
    include: Include::Object,
};

#[test]
fn every_kind_has_rows_as_wide_as_its_head() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let (mut server, made) = example.made();
        for verb in ["get", "list"] {
            let table = server.ok(viewed(example.request(verb), TABLE), None);
            assert_eq!(
                (&table["kind"], &table["apiVersion"]),
                (&json!("Table"), &json!("meta.k8s.io/v1"))
            );
            let head = table["columnDefinitions"].as_array().unwrap();
            assert_eq!(head[0]["name"], json!(head_of(&file)), "{file}");
            let rows = table["rows"].as_array().unwrap();
            let own = |row: &&Value| row["object"]["metadata"]["uid"] == made["metadata"]["uid"];
            let row = rows.iter().find(own).expect("the example has a row");
            assert_eq!(row["cells"].as_array().unwrap().len(), head.len(), "{file}");
            assert_eq!(row["object"], made, "{file}");
        }
    }
}

/// What the first column is called: events are told apart by when they were last seen.
fn head_of(file: &str) -> &'static str {
    if file.starts_with("events") {
        "Last Seen"
    } else {
        "Name"
    }
}

#[test]
fn every_kind_shows_its_metadata_alone() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let (mut server, made) = example.made();
        let get = viewed(example.request("get"), View::PartialMetadata);
        let expected = json!({
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": made["metadata"],
        });
        assert_eq!(server.ok(get, None), expected, "{file}");
        let list = viewed(example.request("list"), View::PartialMetadata);
        let list = server.ok(list, None);
        assert_eq!(list["kind"], "PartialObjectMetadataList");
        assert!(
            list["items"].as_array().unwrap().contains(&expected),
            "{file}"
        );
    }
}

/// The frames of a watch that was there from `since`.
fn frames(server: &mut Server, request: Request, since: gantry_store::Revision) -> Vec<Value> {
    let mut request = request;
    request.options.resource_version = Some(since.to_string());
    let (plan, now) = (server.watch(request), server.now);
    let snapshot = server.snapshot();
    let changes = snapshot.changes(since).unwrap();
    let events = changes
        .filter(|change| plan.range.contains(&change.key))
        .filter_map(|change| plan.event(change));
    let mut is_first = true;
    let frames = events.map(|event| {
        let frame = plan.frame(&event, std::mem::take(&mut is_first), now);
        serde_json::from_slice(&frame).unwrap()
    });
    frames.collect()
}

/// What happens to an object from its beginning to its end.
fn life(example: &Example) -> (Server, gantry_store::Revision) {
    let mut server = example.server();
    let since = server.snapshot().revision();
    server.ok(example.request("create"), Some(example.object.clone()));
    server.ok(example.request("merge-patch"), Some(step("on")));
    server.ok(example.request("delete"), None);
    (server, since)
}

#[test]
fn every_kind_is_watched_from_its_beginning_to_its_end() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let (mut server, since) = life(&example);
        let told = frames(&mut server, example.request("watch"), since);
        let types: Vec<&Value> = told.iter().map(|frame| &frame["type"]).collect();
        assert_eq!(types[..2], [&json!("ADDED"), &json!("MODIFIED")], "{file}");
        let is_gone = server.send(example.request("get"), None).0 == 404;
        let last = if is_gone { "DELETED" } else { "MODIFIED" };
        assert_eq!(types[2..], [&json!(last)], "{file}");
        for frame in &told {
            assert_eq!(frame["object"]["kind"], *example.kind.names.kind, "{file}");
        }
        let revisions = told.iter().map(|frame| {
            let version = &frame["object"]["metadata"]["resourceVersion"];
            version.as_str().unwrap().parse::<u64>().unwrap()
        });
        assert!(revisions.is_sorted_by(|one, next| one < next), "{file}");
    }
}

#[test]
fn every_kind_is_watched_as_rows_and_as_metadata() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let (mut server, since) = life(&example);
        let rows = frames(&mut server, viewed(example.request("watch"), TABLE), since);
        let heads = rows
            .iter()
            .map(|frame| frame["object"]["columnDefinitions"].is_array());
        assert_eq!(heads.collect::<Vec<_>>(), [true, false, false], "{file}");
        assert!(
            rows.iter()
                .all(|frame| frame["object"]["rows"][0]["object"]["kind"]
                    == *example.kind.names.kind),
            "{file}"
        );
        let metadata = viewed(example.request("watch"), View::PartialMetadata);
        let metadata = frames(&mut server, metadata, since);
        assert!(
            metadata
                .iter()
                .all(|frame| frame["object"]["kind"] == "PartialObjectMetadata"),
            "{file}"
        );
        assert_eq!(metadata.len(), 3, "{file}");
    }
}
