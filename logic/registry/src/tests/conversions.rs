//! Kinds whose versions a webhook converts: when it is asked, and what it may answer. The webhook
//! is a function of the tests; everything else is as it is.

use expect_test::{Expect, expect};
use gantry_store::Snapshot;
use serde_json::{Value, json};

use super::webhooks::Outside;
use super::{Server, request, with};
use crate::conversion::Converted;
use crate::question::Answers;
use crate::verbs::watch::WatchPlan;

const CREATE: &str = "create example.com/v1 gauges default/";
const CREATE_OLD: &str = "create example.com/v1beta1 gauges default/";
const GET_OLD: &str = "get example.com/v1beta1 gauges default/a";

/// A definition whose objects say `level` in `v1`, which is stored, and `height` in `v1beta1`.
fn definition() -> Value {
    let version = |name: &str, field: &str, storage: bool| {
        json!({"name": name, "served": true, "storage": storage,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "spec": {"type": "object", "properties": {
                    field: {"type": "integer"},
                    "unit": {"type": "string", "default": format!("of {name}")}}}}}},
            "selectableFields": [{"jsonPath": format!(".spec.{field}")}]})
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "gauges.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "gauges", "kind": "Gauge"},
            "conversion": {"strategy": "Webhook", "webhook": {
                "clientConfig": {"url": "https://convert.example/path"},
                "conversionReviewVersions": ["v9", "v1"]}},
            "versions": [version("v1", "level", true), version("v1beta1", "height", false)],
        },
    })
}

impl Server {
    fn with_gauges() -> Self {
        let mut server = Self::new();
        let create = request("create apiextensions.k8s.io/v1 customresourcedefinitions");
        let made = server.ok(create, Some(definition()));
        server.establish(made);
        server
    }
}

fn gauge(version: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": format!("example.com/{version}"), "kind": "Gauge",
        "metadata": {"name": name, "labels": {"app": name}}, "spec": spec})
}

/// The answer of a webhook that does what it is asked, but for `change`.
fn answer(question: &Value, change: impl Fn(&mut Value)) -> Value {
    let to = &question["desiredAPIVersion"];
    let converted = question["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| {
            let mut object = object.clone();
            object["apiVersion"] = to.clone();
            let names = if to == "example.com/v1" {
                ("height", "level")
            } else {
                ("level", "height")
            };
            let spec = object["spec"].as_object_mut().unwrap();
            if let Some(number) = spec.remove(names.0) {
                spec.insert(names.1.to_owned(), number);
            }
            object
        });
    let mut response = json!({"uid": question["uid"], "result": {"status": "Success"},
        "convertedObjects": converted.collect::<Vec<_>>()});
    change(&mut response);
    json!({"raw": {"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
        "response": response}})
}

fn converts(_: &str, question: &Value) -> Value {
    answer(question, |_| {})
}

/// What comes of reading an object in the other version when the webhook answers so.
fn check(change: impl Fn(&mut Value), expected: Expect) {
    let mut server = Server::with_gauges();
    let mut made = gauge("v1", "a", json!({"level": 3}));
    made["metadata"]["finalizers"] = json!(["example.com/hold"]);
    server.ok(request(CREATE), Some(made));
    let says = |_: &str, question: &Value| answer(question, &change);
    let mut outside = Outside::new(&says);
    let (code, got) = server.send_asking(&mut outside, request(GET_OLD), None);
    let told = match got["message"].as_str() {
        Some(message) => message.to_owned(),
        None => format!(
            "{} {} {}",
            got["spec"], got["metadata"]["labels"], got["metadata"]["finalizers"]
        ),
    };
    let uid = told
        .find("response.uid=")
        .map(|at| at + "response.uid=".len());
    let told = uid.map_or(told.clone(), |at| {
        format!("{}UID{}", &told[..at], &told[at + 38..])
    });
    expected.assert_eq(&format!("{code} {told}"));
    assert_eq!(outside.asked.len(), 1, "asked once");
    // Nothing of that is kept.
    let kept = server.ok(request("get example.com/v1 gauges default/a"), None);
    assert_eq!(kept["spec"], json!({"level": 3, "unit": "of v1"}));
    assert_eq!(kept["metadata"]["labels"], json!({"app": "a"}));
}

#[test]
fn the_stored_version_needs_nobody() {
    let mut server = Server::with_gauges();
    server.ok(request(CREATE), Some(gauge("v1", "a", json!({"level": 3}))));
    let got = server.ok(request("get example.com/v1 gauges default/a"), None);
    assert_eq!(got["spec"], json!({"level": 3, "unit": "of v1"}));
    let list = server.ok(request("list example.com/v1 gauges"), None);
    assert_eq!(list["items"][0]["spec"]["level"], 3);
}

#[test]
fn what_is_written_in_another_version_is_stored_in_the_one_that_is_stored() {
    let mut server = Server::with_gauges();
    let mut outside = Outside::new(&converts);
    let body = gauge("v1beta1", "a", json!({"height": 3}));
    let (code, made) = server.send_asking(&mut outside, request(CREATE_OLD), Some(body));
    assert_eq!(code, 201, "{made:#}");
    assert_eq!(made["apiVersion"], "example.com/v1beta1");
    assert_eq!(made["spec"], json!({"height": 3, "unit": "of v1beta1"}));
    let (host, review) = &outside.asked[0];
    assert_eq!(host, "convert.example");
    assert_eq!(review["apiVersion"], "apiextensions.k8s.io/v1");
    assert_eq!(review["request"]["desiredAPIVersion"], "example.com/v1");
    let stored = server.ok(request("get example.com/v1 gauges default/a"), None);
    assert_eq!(stored["spec"], json!({"level": 3, "unit": "of v1beta1"}));
    assert_eq!(stored["metadata"]["uid"], made["metadata"]["uid"]);
}

#[test]
fn every_verb_converts_what_it_reads_and_what_it_writes() {
    let mut server = Server::with_gauges();
    server.ok(request(CREATE), Some(gauge("v1", "a", json!({"level": 3}))));
    let mut outside = Outside::new(&converts);
    let (_, mut got) = server.send_asking(&mut outside, request(GET_OLD), None);
    assert_eq!(got["spec"]["height"], 3);
    got["spec"]["height"] = 4.into();
    let update = request("update example.com/v1beta1 gauges default/a");
    let (code, updated) = server.send_asking(&mut outside, update, Some(got));
    assert_eq!(
        (code, &updated["spec"]["height"]),
        (200, &json!(4)),
        "{updated:#}"
    );
    assert_eq!(updated["metadata"]["generation"], 2);
    let patch = request("merge-patch example.com/v1beta1 gauges default/a");
    let body = json!({"spec": {"height": 5}});
    let (code, patched) = server.send_asking(&mut outside, patch, Some(body));
    assert_eq!(
        (code, &patched["spec"]["height"]),
        (200, &json!(5)),
        "{patched:#}"
    );
    let apply = with("apply example.com/v1beta1 gauges default/a", |options| {
        options.field_manager = Some("me".to_owned());
        options.force = true;
    });
    let body = gauge("v1beta1", "a", json!({"height": 6}));
    let (code, applied) = server.send_asking(&mut outside, apply, Some(body));
    assert_eq!(
        (code, &applied["spec"]["height"]),
        (200, &json!(6)),
        "{applied:#}"
    );
    let stored = server.ok(request("get example.com/v1 gauges default/a"), None);
    assert_eq!(stored["spec"]["level"], 6);
    let delete = request("delete example.com/v1beta1 gauges default/a");
    let (code, _) = server.send_asking(&mut outside, delete, None);
    assert_eq!(code, 200);
    let gone = server.refused(request("get example.com/v1 gauges default/a"), None);
    assert!(gone.starts_with("404"), "{gone}");
}

#[test]
fn a_list_is_converted_in_few_questions() {
    let mut server = Server::with_gauges();
    for number in 0..520 {
        let name = format!("a{number:04}");
        server.ok(
            request(CREATE),
            Some(gauge("v1", &name, json!({"level": number}))),
        );
    }
    let mut outside = Outside::new(&converts);
    let list = request("list example.com/v1beta1 gauges default/");
    let (code, list) = server.send_asking(&mut outside, list, None);
    assert_eq!(code, 200);
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 520);
    for (number, item) in items.iter().enumerate() {
        assert_eq!(item["spec"]["height"], number);
        assert_eq!(item["apiVersion"], "example.com/v1beta1");
    }
    assert_eq!(outside.asked.len(), 2);
    let all = request("deletecollection example.com/v1beta1 gauges default/");
    let (code, _) = server.send_asking(&mut outside, all, None);
    assert_eq!(code, 200);
    let list = server.ok(request("list example.com/v1 gauges"), None);
    assert_eq!(list["items"], json!([]));
}

#[test]
fn what_was_stored_in_another_version_before_is_converted_when_it_is_read() {
    let mut server = Server::with_gauges();
    server.ok(request(CREATE), Some(gauge("v1", "a", json!({"level": 3}))));
    let name = "apiextensions.k8s.io/v1 customresourcedefinitions gauges.example.com";
    let mut changed = server.ok(request(&format!("get {name}")), None);
    changed["spec"]["versions"][0]["storage"] = false.into();
    changed["spec"]["versions"][1]["storage"] = true.into();
    server.ok(request(&format!("update {name}")), Some(changed));
    let mut outside = Outside::new(&converts);
    let (_, got) = server.send_asking(&mut outside, request(GET_OLD), None);
    assert_eq!(got["spec"]["height"], 3);
    let list = request("list example.com/v1beta1 gauges default/");
    let (_, list) = server.send_asking(&mut outside, list, None);
    assert_eq!(list["items"][0]["spec"]["height"], 3);
    assert_eq!(outside.asked.len(), 2);
    let read = request("get example.com/v1 gauges default/a");
    let (_, got) = server.send_asking(&mut outside, read, None);
    assert_eq!((&got["spec"]["level"], outside.asked.len()), (&json!(3), 2));
}

#[test]
fn labels_and_annotations_may_change_and_nothing_else_of_the_metadata() {
    check(
        |response| {
            let metadata = &mut response["convertedObjects"][0]["metadata"];
            metadata["labels"] = json!({"new": "label"});
            metadata["finalizers"] = json!([]);
            metadata["generation"] = 77.into();
            metadata["ownerReferences"] = json!([{"kind": "Evil"}]);
        },
        expect![[r#"200 {"height":3,"unit":"of v1"} {"new":"label"} ["example.com/hold"]"#]],
    );
    let wrong = |field: &'static str, value: Value| {
        move |response: &mut Value| {
            response["convertedObjects"][0]["metadata"][field] = value.clone();
        }
    };
    check(
        wrong("name", "b".into()),
        expect![
            "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge returned invalid converted object at index 0: invalid metadata.name (expected a, received b)"
        ],
    );
    check(
        wrong("namespace", "kube-system".into()),
        expect![
            "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge returned invalid converted object at index 0: invalid metadata.namespace (expected default, received kube-system)"
        ],
    );
    check(
        wrong("labels", json!({"a b": "c"})),
        expect![
            "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge returned invalid converted object at index 0: invalid metadata.labels: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        ],
    );
    check(
        wrong("annotations", json!({"a": 1})),
        expect![
            "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge returned invalid converted object at index 0: invalid metadata.annotations: it is no map of texts"
        ],
    );
}

#[test]
fn an_answer_that_is_not_what_was_asked_for_is_none() {
    check(
        |response| response["convertedObjects"] = json!([]),
        expect![
            "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge returned 0 objects, expected 1"
        ],
    );
    check(
        |response| response["convertedObjects"][0]["apiVersion"] = "example.com/v2".into(),
        expect![
            "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge returned invalid converted object at index 0: invalid groupVersion (expected example.com/v1beta1, received example.com/v2)"
        ],
    );
    check(
        |response| response["convertedObjects"][0]["kind"] = "Pod".into(),
        expect![
            "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge returned invalid converted object at index 0: invalid kind (expected Gauge, received Pod)"
        ],
    );
    check(
        |response| response["uid"] = "other".into(),
        expect![[
            r#"500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge failed: expected response.uid=UID, got "other""#
        ]],
    );
    check(
        |response| response["result"] = json!({"status": "Failed", "message": "cannot"}),
        expect![
            "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge failed: cannot"
        ],
    );
    check(
        |response| response["result"] = json!({}),
        expect![
            "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge failed: response.result.status was '', not 'Success'"
        ],
    );
    check(
        |response| response["convertedObjects"][0] = json!([1]),
        expect![
            "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge returned invalid converted object at index 0: it is no object"
        ],
    );
}

#[test]
fn a_webhook_that_cannot_be_asked_changes_nothing() {
    let mut server = Server::with_gauges();
    let fails = |_: &str, _: &Value| json!("context deadline exceeded");
    let mut outside = Outside::new(&fails);
    let body = gauge("v1beta1", "a", json!({"height": 3}));
    let refused = server.refused_asking(&mut outside, request(CREATE_OLD), Some(body));
    expect!["500 InternalError: Internal error occurred: conversion webhook for example.com/v1beta1, Kind=Gauge failed: context deadline exceeded"].assert_eq(&refused);
    let list = server.ok(request("list example.com/v1 gauges"), None);
    assert_eq!(list["items"], json!([]));
}

#[test]
fn fields_of_a_converted_version_cannot_be_selected_by() {
    let mut server = Server::with_gauges();
    let by_field = |version: &str, field: &str| {
        with(&format!("list example.com/{version} gauges"), |options| {
            options.field_selector = Some(format!("spec.{field}=3"));
        })
    };
    server.ok(by_field("v1", "level"), None);
    let refused = server.refused(by_field("v1beta1", "height"), None);
    expect!["400 BadRequest: field label spec.height is not supported in a version that a webhook converts to: use the version in which objects are stored"].assert_eq(&refused);
}

#[test]
fn who_is_asked_about_a_write_sees_the_version_that_they_want() {
    let mut server = Server::with_gauges();
    let says = |host: &str, question: &Value| match host {
        "convert.example" => answer(question, |_| {}),
        _ => {
            let level = question["object"]["spec"]["level"].as_i64().unwrap();
            json!({"allowed": level < 5, "status": {"message": "too high"}})
        }
    };
    let hook = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "h"},
        "webhooks": [{"name": "h.hooks.example", "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": "https://judge.example"}, "sideEffects": "None",
            "rules": [{"apiGroups": ["example.com"], "apiVersions": ["v1"],
                "operations": ["CREATE"], "resources": ["gauges"]}]}]});
    let create = "create admissionregistration.k8s.io/v1 validatingwebhookconfigurations";
    server.ok(request(create), Some(hook));
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"},
        "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": ["example.com"],
            "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["gauges"]}]},
            "validations": [{"expression": "object.spec.level != 1", "message": "not 1"}]}});
    let create = "create admissionregistration.k8s.io/v1 validatingadmissionpolicies";
    server.ok(request(create), Some(policy));
    let binding = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "p"},
        "spec": {"policyName": "p", "validationActions": ["Deny"]}});
    let create = "create admissionregistration.k8s.io/v1 validatingadmissionpolicybindings";
    server.ok(request(create), Some(binding));
    let mut outside = Outside::new(&says);
    for (height, expected) in [(9, "too high"), (1, "not 1")] {
        let body = gauge("v1beta1", "a", json!({"height": height}));
        let refused = server.refused_asking(&mut outside, request(CREATE_OLD), Some(body));
        assert!(refused.contains(expected), "{refused}");
    }
    let body = gauge("v1beta1", "a", json!({"height": 2}));
    let (code, made) = server.send_asking(&mut outside, request(CREATE_OLD), Some(body));
    assert_eq!(code, 201, "{made:#}");
}

/// What a watch begins with, once the webhook was asked.
fn beginning(plan: &WatchPlan, snapshot: &Snapshot, outside: &mut Outside<'_>) -> Vec<Value> {
    let events = plan.begin(snapshot).unwrap();
    assert!(events.iter().all(|event| plan.is_foreign(event)));
    let Ok(Converted::Ask(questions)) = plan.converted(&events, &Answers::new(), snapshot) else {
        panic!("nobody is asked");
    };
    let answers = questions
        .iter()
        .map(|question| (question.id.clone(), outside.answer(question)));
    let answers: Answers = answers.collect();
    let Ok(Converted::Objects(objects)) = plan.converted(&events, &answers, snapshot) else {
        panic!("the answers are not found");
    };
    let now = "2026-03-01T10:00:00Z".parse().unwrap();
    let frames = events.iter().zip(objects);
    frames
        .map(|(event, object)| plan.frame_of(event, object, (true, now)))
        .map(|frame| serde_json::from_slice(&frame).unwrap())
        .collect()
}

#[test]
fn watchers_see_the_version_that_they_watch() {
    let mut server = Server::with_gauges();
    for name in ["a", "b"] {
        server.ok(
            request(CREATE),
            Some(gauge("v1", name, json!({"level": 3}))),
        );
    }
    let plan = server.watch(request("watch example.com/v1 gauges default/"));
    let events = plan.begin(&server.snapshot()).unwrap();
    assert!(!events.iter().any(|event| plan.is_foreign(event)));
    let plan = server.watch(request("watch example.com/v1beta1 gauges default/"));
    let mut outside = Outside::new(&converts);
    let frames = beginning(&plan, &server.snapshot(), &mut outside);
    assert_eq!(outside.asked.len(), 1);
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[1]["type"], "ADDED");
    assert_eq!(frames[1]["object"]["apiVersion"], "example.com/v1beta1");
    assert_eq!(
        frames[1]["object"]["spec"],
        json!({"height": 3, "unit": "of v1"})
    );
    assert_eq!(frames[1]["object"]["metadata"]["name"], "b");
}
