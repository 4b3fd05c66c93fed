//! Every kind is made, changed and removed.

use serde_json::{Value, json};

use super::{Example, STEP, Server, Subresource, bare, examples, holds, step, step_of, stored};
use crate::request::DeleteOptions;

#[test]
fn what_was_made_is_read_and_listed_as_it_is() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let (mut server, made) = example.made();
        assert_eq!(server.ok(example.request("get"), None), made, "{file}");
        let list = server.ok(example.request("list"), None);
        assert_eq!(list["kind"], *example.kind.names.list_kind, "{file}");
        let items = list["items"].as_array().unwrap();
        let found = |item: &&Value| item["metadata"]["uid"] == made["metadata"]["uid"];
        let item = items.iter().find(found).expect("the example is listed");
        assert!(holds(&made, item), "{file}: {item}");
        // The list says it for all.
        assert_eq!(
            [&item["kind"], &item["apiVersion"]],
            [&Value::Null; 2],
            "{file}"
        );
    }
}

#[test]
fn a_write_of_the_same_changes_nothing() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let (mut server, made) = example.made();
        let before = server.snapshot().revision();
        server.now = "2026-03-01T11:00:00Z".parse().unwrap();
        for (verb, body) in [
            ("update", made.clone()),
            ("json-patch", json!([])),
            ("merge-patch", json!({})),
            ("patch", json!({})),
        ] {
            let answer = server.ok(example.request(verb), Some(body));
            assert_eq!(bare(answer), made, "{file}");
        }
        assert_eq!(server.snapshot().revision(), before, "{file}");
    }
}

#[test]
fn every_kind_takes_updates_and_every_patch() {
    for example in examples(stored) {
        let (mut server, mut object) = example.made();
        object["metadata"]["annotations"][STEP] = json!("update");
        let updated = server.ok(example.request("update"), Some(object.clone()));
        assert_eq!(step_of(&updated), "update");
        let refused = server.refused(example.request("update"), Some(object));
        assert!(refused.starts_with("409 Conflict"), "{refused}");
        let at = format!("/metadata/annotations/{}", STEP.replace('/', "~1"));
        for (verb, body) in [
            ("merge-patch", step("merge-patch")),
            (
                "json-patch",
                json!([
                    {"op": "test", "path": at, "value": "merge-patch"},
                    {"op": "replace", "path": at, "value": "json-patch"},
                ]),
            ),
            ("patch", step("patch")),
        ] {
            let patched = server.ok(example.request(verb), Some(body));
            assert_eq!(step_of(&patched), verb);
        }
        let cleared = server.ok(example.request("patch"), Some(step(Value::Null)));
        assert!(step_of(&cleared).is_null());
    }
}

#[test]
fn an_update_that_names_no_revision_does_what_its_kind_allows() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let rules = example.kind.rules;
        let (code, _) = example
            .server()
            .send(example.request("update"), Some(example.object.clone()));
        let expected = if rules.create_on_update { 201 } else { 404 };
        assert_eq!(code, expected, "{file}");

        let (mut server, mut object) = example.made();
        for nothing in ["", "0"] {
            object["metadata"]["resourceVersion"] = json!(nothing);
            let (code, answer) = server.send(example.request("update"), Some(object.clone()));
            let expected = if rules.unconditional_update { 200 } else { 422 };
            assert_eq!(code, expected, "{file}: {answer:#}");
        }
    }
}

/// Kinds whose objects nothing in this server acts on yet.
const IDLE: &[&str] = &[
    "DaemonSet",
    "StatefulSet",
    "HorizontalPodAutoscaler",
    "HorizontalPodAutoscaler",
    "CronJob",
    "Job",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "Ingress",
    "NetworkPolicy",
    "DeviceClass",
    "ResourceClaimTemplate",
    "ResourceClaim",
];

#[test]
fn who_makes_what_nothing_acts_on_yet_is_told_once() {
    let is_told = |answer: &Value| {
        let told = answer["WARNINGS"].as_array().into_iter().flatten();
        let mut told = told.filter_map(Value::as_str);
        told.any(|told| told.ends_with("is stored and has no effect"))
    };
    let mut idle = Vec::new();
    for example in examples(stored) {
        let mut server = example.server();
        let made = server.ok(example.request("create"), Some(example.object.clone()));
        if is_told(&made) {
            idle.push(example.kind.names.kind.to_string());
        }
        let changed = server.ok(example.request("merge-patch"), Some(step("x")));
        assert!(!is_told(&changed), "{changed:#}");
    }
    assert_eq!(idle, IDLE);
}

#[test]
fn a_dry_run_keeps_nothing_of_any_kind() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let dry = |verb: &str| example.with(verb, |options| options.dry_run = true);
        let mut server = example.server();
        let before = server.snapshot().revision();
        let (code, _) = server.send(dry("create"), Some(example.object.clone()));
        assert_eq!(
            (code, server.snapshot().revision()),
            (201, before),
            "{file}"
        );

        let (mut server, mut made) = example.made();
        let before = server.snapshot().revision();
        made["metadata"]["annotations"][STEP] = json!("dry");
        server.ok(dry("update"), Some(made));
        server.ok(dry("merge-patch"), Some(step("dry")));
        server.ok(dry("delete"), None);
        let body = json!({"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]});
        server.ok(example.request("delete"), Some(body));
        assert_eq!(server.snapshot().revision(), before, "{file}");
    }
}

/// Lets go of whatever holds what is going, until it is gone.
fn let_go(server: &mut Server, example: &Example) {
    let (code, mut object) = server.send(example.request("get"), None);
    if code == 404 {
        return;
    }
    assert!(object["metadata"]["deletionTimestamp"].is_string());
    if example.has(Subresource::Finalize) {
        object["spec"]["finalizers"] = json!([]);
        server.ok(example.part("update", "finalize"), Some(object));
    } else {
        let nothing = json!({"metadata": {"finalizers": null}});
        server.ok(example.request("merge-patch"), Some(nothing));
    }
    let (code, _) = server.send(example.request("get"), None);
    assert_eq!(code, 404, "{}", super::file_of(&example.kind));
}

#[test]
fn every_kind_goes_one_by_one_and_all_at_once() {
    for example in examples(stored) {
        let (mut server, made) = example.made();
        let other = |options: &mut crate::Options| {
            options.delete = DeleteOptions {
                uid: Some("other".to_owned()),
                ..DeleteOptions::default()
            };
        };
        let refused = server.refused(example.with("delete", other), None);
        assert!(refused.contains("Precondition failed: UID"), "{refused}");
        server.ok(example.request("delete"), None);
        let_go(&mut server, &example);
        if !example.kind.verbs.allow("deletecollection") {
            continue;
        }
        server.ok(example.request("create"), Some(example.object.clone()));
        let nothing = |options: &mut crate::Options| {
            options.label_selector = Some("example.com/none=such".to_owned());
        };
        server.ok(example.with("deletecollection", nothing), None);
        server.ok(example.request("get"), None);
        let named = |options: &mut crate::Options| {
            options.field_selector = Some(format!("metadata.name={}", example.name()));
        };
        let gone = server.ok(example.with("deletecollection", named), None);
        assert_eq!(gone["kind"], *example.kind.names.list_kind);
        let gone = &gone["items"][0]["metadata"];
        assert_eq!(gone["name"], made["metadata"]["name"]);
        let_go(&mut server, &example);
    }
}

#[test]
fn a_status_is_written_apart_from_what_is_wanted() {
    for example in examples(|kind| kind.subresources.contains(&Subresource::Status)) {
        let file = super::file_of(&example.kind);
        let (mut server, made) = example.made();
        let status = example.status.clone().unwrap_or_default();
        assert!(
            !holds(&made["status"], &status["status"]),
            "{file}: the status is there before it is written"
        );
        let told = bare(server.ok(example.part("merge-patch", "status"), Some(status.clone())));
        assert!(
            holds(&told["status"], &status["status"]),
            "{file}: {told:#}"
        );
        assert_eq!(told.get("spec"), made.get("spec"), "{file}");
        let generation = |object: &Value| object["metadata"]["generation"].clone();
        assert_eq!(generation(&told), generation(&made), "{file}");
        assert_eq!(
            server.ok(example.part("get", "status"), None),
            server.ok(example.request("get"), None)
        );
        let mut without = told.clone();
        without.as_object_mut().unwrap().remove("status");
        let kept = bare(server.ok(example.request("update"), Some(without)));
        assert_eq!(kept["status"], told["status"], "{file}");
        let same = server.ok(example.part("update", "status"), Some(kept.clone()));
        assert_eq!(same, kept, "{file}");
    }
}

#[test]
fn replicas_are_set_in_the_form_that_all_scalable_kinds_share() {
    for example in examples(|kind| kind.scale.is_some()) {
        let file = super::file_of(&example.kind);
        let (mut server, _) = example.made();
        let mut scale = server.ok(example.part("get", "scale"), None);
        assert_eq!(scale["kind"], "Scale", "{file}");
        scale["spec"]["replicas"] = json!(0);
        let scale = server.ok(example.part("update", "scale"), Some(scale));
        assert_eq!(scale["spec"], json!({"replicas": 0}), "{file}");
        for verb in ["merge-patch", "patch"] {
            let patch = json!({"spec": {"replicas": 2}});
            let scale = server.ok(example.part(verb, "scale"), Some(patch));
            assert_eq!(scale["spec"]["replicas"], 2, "{file}");
        }
        let object = server.ok(example.request("get"), None);
        assert_eq!(object["spec"]["replicas"], 2, "{file}");
        let managers = object["metadata"]["managedFields"].as_array().unwrap();
        let scaler = managers
            .iter()
            .find(|entry| entry["subresource"] == "scale");
        assert_eq!(
            scaler.expect("the scaler owns what it set")["fieldsV1"],
            json!({"f:spec": {"f:replicas": {}}}),
            "{file}"
        );
    }
}
