//! Lists in parts, by selectors, as tables.

use bytes::Bytes;
use serde_json::json;

use super::{Server, config_map, pod, request, with};
use crate::limits::LIST_PIECE_BYTES;
use crate::request::{Include, View};
use crate::step::Step;

fn names(list: &serde_json::Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[test]
fn all_parts_of_a_list_show_one_revision() {
    let mut server = Server::new();
    for name in ["a", "b", "c"] {
        server.ok(
            request("create v1 configmaps default/"),
            Some(config_map(name, json!({}))),
        );
    }
    let line = "list v1 configmaps default/";
    let first = server.ok(with(line, |options| options.limit = Some(2)), None);
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("bb", json!({}))),
    );
    let token = first["metadata"]["continue"].as_str().unwrap().to_owned();
    let rest = server.ok(
        with(line, |options| options.continue_token = Some(token)),
        None,
    );
    assert_eq!(names(&rest), ["c"]);
    assert_eq!(
        rest["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    assert_eq!(rest["metadata"].get("continue"), None);
}

#[test]
fn a_long_list_is_whole_though_it_comes_in_pieces_and_others_write_meanwhile() {
    let mut server = Server::new();
    let create = request("create v1 configmaps default/");
    for number in 0..100 {
        let data = json!({"data": "x".repeat(number * 20)});
        let map = config_map(&format!("m{number:03}"), data);
        server.ok(create.clone(), Some(map));
    }
    for (line, count) in [
        ("list v1 configmaps default/", 100),
        ("list v1 configmaps elsewhere/", 0),
    ] {
        let Ok(Step::Reply(reply)) = server.step(&request(line)) else {
            panic!("a list needs nothing but the picture");
        };
        let mut pieces = reply.into_pieces(None);
        let first = pieces.next().unwrap();
        server.ok(
            create.clone(),
            Some(config_map(&format!("z{count}"), json!({}))),
        );
        let rest: Vec<Bytes> = pieces.collect();
        assert_eq!(rest.len() > 2, count == 100);
        let longest = rest.iter().map(Bytes::len).max().unwrap_or(0);
        assert!(longest <= LIST_PIECE_BYTES, "{longest}");
        let whole = [vec![first], rest].concat().concat();
        let list = serde_json::from_slice(&whole).unwrap();
        assert_eq!(names(&list).len(), count);
    }
}

#[test]
fn who_takes_any_revision_takes_all_of_it() {
    let mut server = Server::new();
    for name in ["a", "b"] {
        server.ok(
            request("create v1 configmaps default/"),
            Some(config_map(name, json!({}))),
        );
    }
    let listed = |server: &mut Server, revision: &str, meant: Option<&str>| {
        let line = with("list v1 configmaps default/", |options| {
            options.limit = Some(1);
            options.resource_version = Some(revision.to_owned());
            options.resource_version_match = meant.map(str::to_owned);
        });
        let list = server.ok(line, None);
        (
            names(&list).len(),
            list["metadata"]["resourceVersion"].clone(),
        )
    };
    let newest = server.snapshot().revision().to_string();
    assert_eq!(listed(&mut server, "0", None), (2, json!(newest)));
    assert_eq!(
        listed(&mut server, "1", Some("NotOlderThan")),
        (1, json!(newest))
    );
    // With a limit a revision means exactly that one, as it does when the client says so.
    assert_eq!(listed(&mut server, "2", None), (1, json!("2")));
    assert_eq!(listed(&mut server, "2", Some("Exact")), (1, json!("2")));
}

#[test]
fn a_token_leads_nowhere_else() {
    let mut server = Server::new();
    for line in [
        "create v1 configmaps default/",
        "create v1 secrets default/",
    ] {
        let kind = if line.contains("secrets") {
            "Secret"
        } else {
            "ConfigMap"
        };
        let body = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}});
        server.ok(request(line), Some(body));
    }
    let secrets = server.ok(
        with("list v1 secrets default/", |options| {
            options.limit = Some(1)
        }),
        None,
    );
    assert_eq!(secrets["metadata"].get("continue"), None);
    for (token, code) in [
        (
            "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0Ijoic2VjcmV0cy8ifQ",
            200,
        ),
        ("x", 400),
    ] {
        let line = with("list v1 configmaps default/", |options| {
            options.continue_token = Some(token.to_owned());
        });
        let (found, list) = server.send(line, None);
        assert_eq!(found, code, "{list:#}");
        assert!(!list.to_string().contains("Secret"), "{list:#}");
    }
}

#[test]
fn fields_and_labels_select_without_decoding() {
    let mut server = Server::new();
    server.ok(request("create v1 pods default/"), Some(pod("a")));
    server.ok(request("create v1 pods default/"), Some(pod("b")));
    let named = |options: &mut crate::Options| {
        options.field_selector = Some("metadata.name=b,status.phase!=Running".to_owned());
        options.label_selector = Some("app in (web)".to_owned());
    };
    assert_eq!(names(&server.ok(with("list v1 pods", named), None)), ["b"]);
    let wrong = with("list v1 pods", |options| {
        options.field_selector = Some("spec.x=1".to_owned())
    });
    assert_eq!(
        server.refused(wrong, None),
        "400 BadRequest: field label not supported: spec.x"
    );
}

#[test]
fn a_table_has_the_kinds_columns_and_metadata_of_the_objects() {
    let mut server = Server::new();
    server.ok(request("create v1 pods default/"), Some(pod("a")));
    let mut request = request("list v1 pods default/");
    request.view = View::Table {
        include: Include::Metadata,
    };
    let table = server.ok(request, None);
    assert_eq!(
        (&table["kind"], &table["columnDefinitions"][0]["name"]),
        (&json!("Table"), &json!("Name"))
    );
    let row = &table["rows"][0];
    assert_eq!(
        (&row["cells"][0], &row["cells"][2]),
        (&json!("a"), &json!("Pending"))
    );
    assert_eq!(row["object"]["kind"], "PartialObjectMetadata");
}

#[test]
fn a_revision_to_come_is_too_large() {
    let mut server = Server::new();
    let line = with("list v1 pods", |options| {
        options.resource_version = Some("999".to_owned())
    });
    let (code, status) = server.send(line, None);
    assert_eq!(
        (code, &status["details"]["causes"][0]["reason"]),
        (504, &json!("ResourceVersionTooLarge"))
    );
}

#[test]
fn an_expired_list_can_be_read_on_from_a_fresh_token() {
    let mut server = Server::new();
    for name in ["a", "b"] {
        server.ok(
            request("create v1 configmaps default/"),
            Some(config_map(name, json!({}))),
        );
    }
    let line = "list v1 configmaps default/";
    let first = server.ok(with(line, |options| options.limit = Some(1)), None);
    let token = first["metadata"]["continue"].as_str().unwrap().to_owned();
    server
        .store
        .set_time("2026-03-01T10:00:00Z".parse().unwrap());
    server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("c", json!({}))),
    );
    server
        .store
        .set_time("2026-03-01T12:00:00Z".parse().unwrap());
    let (code, status) = server.send(
        with(line, |options| options.continue_token = Some(token)),
        None,
    );
    assert_eq!((code, &status["reason"]), (410, &json!("Expired")));
    let fresh = status["metadata"]["continue"].as_str().unwrap().to_owned();
    let rest = server.ok(
        with(line, |options| options.continue_token = Some(fresh)),
        None,
    );
    assert_eq!(names(&rest), ["b", "c"]);
}
