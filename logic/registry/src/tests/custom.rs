//! Kinds that users define, from their definition to their objects.

use expect_test::expect;
use gantry_api::GroupVersion;
use serde_json::{Value, json};

use super::{Server, request, with};
use crate::request::FieldValidation;

/// A definition of `widgets.example.com` whose versions have this schema for `spec`.
fn definition(spec: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let version = |name: &str, storage: bool| {
        json!({
            "name": name, "served": true, "storage": storage,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "spec": spec,
                "status": {"type": "object", "properties": {"ready": {"type": "integer"}}}}}},
            "subresources": {"status": {}, "scale": {
                "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.ready"}},
        })
    };
    let mut definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"],
                "categories": ["all"]},
            "versions": [version("v1", true), version("v1beta1", false)],
        },
    });
    change(&mut definition);
    definition
}

fn spec() -> Value {
    json!({"type": "object", "required": ["size"], "properties": {
        "size": {"type": "integer", "minimum": 1},
        "color": {"type": "string", "default": "red", "enum": ["red", "blue"]},
        "replicas": {"type": "integer"},
        "parts": {"type": "array", "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"}, "note": {"type": "string"}}}},
        "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}})
}

impl Server {
    /// A server on which the definition is established.
    fn with_widgets(change: impl FnOnce(&mut Value)) -> Self {
        let mut server = Self::new();
        let create = request("create apiextensions.k8s.io/v1 customresourcedefinitions");
        let made = server.ok(create, Some(definition(&spec(), change)));
        server.establish(made);
        server
    }

    /// Does what the controller of definitions does.
    pub(super) fn establish(&mut self, mut definition: Value) {
        definition["status"]["acceptedNames"] = definition["spec"]["names"].clone();
        definition["status"]["conditions"] = json!([{"type": "Established", "status": "True", "reason": "A", "message": "",
                "lastTransitionTime": "2026-03-01T10:00:00Z"}]);
        let name = definition["metadata"]["name"].as_str().unwrap();
        let line =
            format!("update apiextensions.k8s.io/v1 customresourcedefinitions/status {name}");
        self.ok(request(&line), Some(definition));
    }
}

fn widget(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name},
        "spec": spec})
}

const CREATE: &str = "create example.com/v1 widgets default/";

#[test]
fn a_kind_is_served_once_its_names_are_accepted() {
    let mut server = Server::new();
    let create = request("create apiextensions.k8s.io/v1 customresourcedefinitions");
    let made = server.ok(create, Some(definition(&spec(), |_| {})));
    let version = GroupVersion::new("example.com", "v1");
    assert!(server.registry().resource_list(&version).is_none());
    let refused = server.refused(request(CREATE), Some(widget("a", json!({"size": 1}))));
    assert!(refused.starts_with("404"), "{refused}");

    server.establish(made);
    expect![[r#"{"apiVersion":"v1","groupVersion":"example.com/v1","kind":"APIResourceList","resources":[{"categories":["all"],"kind":"Widget","name":"widgets","namespaced":true,"shortNames":["wd"],"singularName":"widget","storageVersionHash":"gIwvi5rymmg=","verbs":["create","delete","deletecollection","get","list","patch","update","watch"]},{"group":"autoscaling","kind":"Scale","name":"widgets/scale","namespaced":true,"singularName":"","verbs":["get","patch","update"],"version":"v1"},{"kind":"Widget","name":"widgets/status","namespaced":true,"singularName":"","verbs":["get","patch","update"]}]}"#]]
    .assert_eq(&server.registry().resource_list(&version).unwrap().to_string());
    let made = server.ok(request(CREATE), Some(widget("a", json!({"size": 1}))));
    assert_eq!(made["spec"], json!({"size": 1, "color": "red"}));
    assert_eq!(made["metadata"]["generation"], 1);
    let list = server.ok(request("list example.com/v1 widgets"), None);
    assert_eq!(list["kind"], "WidgetList");
    assert_eq!(list["items"][0]["kind"], "Widget");
    assert_eq!(list["items"][0]["apiVersion"], "example.com/v1");
}

#[test]
fn what_does_not_fit_is_refused_with_everything_that_is_wrong() {
    let mut server = Server::with_widgets(|_| {});
    let wrong = json!({"size": "big", "color": "green", "parts": [{"name": "x"}, {"name": "x"}]});
    let refused = server.refused(request(CREATE), Some(widget("a", wrong)));
    expect![[r#"422 Invalid: Widget.example.com "a" is invalid: [spec.color: Unsupported value: "green": supported values: "red", "blue", spec.parts[1]: Duplicate value: {"name":"x"}, spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"]"#]].assert_eq(&refused);
}

#[test]
fn rules_of_a_kind_hold_for_what_is_written() {
    let mut server = Server::with_widgets(|definition| {
        for version in definition["spec"]["versions"].as_array_mut().unwrap() {
            version["schema"]["openAPIV3Schema"]["properties"]["spec"]["x-kubernetes-validations"] = json!([
                {"rule": "self.size <= 5", "messageExpression": "'at most 5, not ' + string(self.size)",
                    "fieldPath": ".size"},
                {"rule": "!has(oldSelf.replicas) || self.replicas >= oldSelf.replicas",
                    "message": "must not shrink", "reason": "FieldValueForbidden"},
            ]);
        }
    });
    let refused = server.refused(request(CREATE), Some(widget("a", json!({"size": 9}))));
    expect![[r#"422 Invalid: Widget.example.com "a" is invalid: spec.size: Invalid value: "object": at most 5, not 9"#]].assert_eq(&refused);
    let wrong = server.refused(request(CREATE), Some(widget("a", json!({"size": "x"}))));
    expect![[r#"422 Invalid: Widget.example.com "a" is invalid: [spec.size: Invalid value: "string": spec.size in body must be of type integer: "string", <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]"#]].assert_eq(&wrong);
    let made = server.ok(
        request(CREATE),
        Some(widget("a", json!({"size": 2, "replicas": 3}))),
    );
    let mut less = made;
    less["spec"]["replicas"] = 2.into();
    let update = "update example.com/v1 widgets default/a";
    let refused = server.refused(request(update), Some(less));
    expect![[
        r#"422 Invalid: Widget.example.com "a" is invalid: spec: Forbidden: must not shrink"#
    ]]
    .assert_eq(&refused);
}

#[test]
fn what_was_wrong_before_a_rule_came_does_not_hold_up_other_changes() {
    let mut server = Server::with_widgets(|_| {});
    server.ok(request(CREATE), Some(widget("a", json!({"size": 9}))));
    let name = "apiextensions.k8s.io/v1 customresourcedefinitions widgets.example.com";
    let mut definition = server.ok(request(&format!("get {name}")), None);
    for version in definition["spec"]["versions"].as_array_mut().unwrap() {
        version["schema"]["openAPIV3Schema"]["properties"]["spec"]["x-kubernetes-validations"] =
            json!([{"rule": "self.size <= 5"}]);
    }
    server.ok(request(&format!("update {name}")), Some(definition));
    let mut object = server.ok(request("get example.com/v1 widgets default/a"), None);
    object["metadata"]["labels"] = json!({"a": "b"});
    let update = "update example.com/v1 widgets default/a";
    let kept = server.ok(request(update), Some(object.clone()));
    assert_eq!(
        kept["WARNINGS"],
        json!(["spec: Invalid value: \"object\": failed rule: self.size <= 5"])
    );
    object["spec"]["color"] = "blue".into();
    object["metadata"]["resourceVersion"] = kept["metadata"]["resourceVersion"].clone();
    let refused = server.refused(request(update), Some(object));
    expect![[r#"422 Invalid: Widget.example.com "a" is invalid: spec: Invalid value: "object": failed rule: self.size <= 5"#]].assert_eq(&refused);
}

#[test]
fn unknown_fields_are_dropped_and_told_of_unless_they_are_kept() {
    let mut server = Server::with_widgets(|_| {});
    let odd = json!({"size": 1, "sise": 2, "extra": {"any": {"thing": null}}});
    let made = server.ok(request(CREATE), Some(widget("a", odd.clone())));
    assert_eq!(
        made["spec"],
        json!({"size": 1, "color": "red", "extra": {"any": {"thing": null}}})
    );
    assert_eq!(
        made["WARNINGS"],
        json!(["unknown field \"spec.sise\", did you mean \"size\"?"])
    );
    let strict = with(CREATE, |options| {
        options.field_validation = FieldValidation::Strict;
    });
    let refused = server.refused(strict, Some(widget("b", odd)));
    expect![[r#"400 BadRequest: Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.sise" (sise: did you mean "size"?)"#]].assert_eq(&refused);
}

#[test]
fn status_and_scale_are_written_apart() {
    let mut server = Server::with_widgets(|_| {});
    let mut first = widget("a", json!({"size": 1, "replicas": 2}));
    first["status"] = json!({"ready": 7});
    let mut made = server.ok(request(CREATE), Some(first));
    assert!(made.get("status").is_none());
    made["status"] = json!({"ready": 1});
    made["spec"]["size"] = json!(9);
    let kept = server.ok(
        request("update example.com/v1 widgets/status default/a"),
        Some(made),
    );
    assert_eq!(
        (&kept["spec"]["size"], &kept["status"]["ready"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(kept["metadata"]["generation"], 1);
    let scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale",
        "metadata": {"name": "a", "namespace": "default"}, "spec": {"replicas": 5}});
    let scaled = server.ok(
        request("update example.com/v1 widgets/scale default/a"),
        Some(scale),
    );
    assert_eq!(scaled["status"]["replicas"], 1);
    let now = server.ok(request("get example.com/v1 widgets default/a"), None);
    assert_eq!(now["spec"]["replicas"], 5);
    assert_eq!(now["metadata"]["generation"], 2);
}

#[test]
fn every_version_shows_what_one_of_them_stores() {
    let mut server = Server::with_widgets(|definition| {
        let other = &mut definition["spec"]["versions"][1];
        other["deprecated"] = json!(true);
        other["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["extra"] =
            json!({"type": "string", "default": "none"});
    });
    server.ok(request(CREATE), Some(widget("a", json!({"size": 1}))));
    let seen = server.ok(request("get example.com/v1beta1 widgets default/a"), None);
    assert_eq!(seen["apiVersion"], "example.com/v1beta1");
    assert_eq!(seen["spec"]["extra"], "none");
    assert_eq!(
        seen["WARNINGS"],
        json!(["example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget"])
    );
    let mut old = widget("b", json!({"size": 2}));
    old["apiVersion"] = json!("example.com/v1beta1");
    server.ok(
        request("create example.com/v1beta1 widgets default/"),
        Some(old),
    );
    let list = server.ok(request("list example.com/v1 widgets"), None);
    let versions: Vec<&Value> = list["items"].as_array().unwrap().iter().collect();
    assert!(
        versions
            .iter()
            .all(|item| item["apiVersion"] == "example.com/v1")
    );
}

#[test]
fn fields_are_applied_by_the_schema_and_lists_never_merged_without_one() {
    let mut server = Server::with_widgets(|_| {});
    let apply = |manager: &str| {
        with("apply example.com/v1 widgets default/a", |options| {
            options.field_manager = Some(manager.to_owned());
        })
    };
    let part = |name: &str| widget("a", json!({"size": 1, "parts": [{"name": name}]}));
    server.ok(apply("one"), Some(part("x")));
    let both = server.ok(apply("two"), Some(part("y")));
    assert_eq!(both["spec"]["parts"], json!([{"name": "x"}, {"name": "y"}]));
    let merged = server.ok(
        request("merge-patch example.com/v1 widgets default/a"),
        Some(json!({"spec": {"color": "blue", "parts": null}})),
    );
    assert_eq!(merged["spec"], json!({"size": 1, "color": "blue"}));
    let refused = server.refused(
        request("patch example.com/v1 widgets default/a"),
        Some(json!({"spec": {"size": 2}})),
    );
    assert!(refused.starts_with("415"), "{refused}");
}

#[test]
fn tables_and_selectors_show_what_the_definition_says() {
    let mut server = Server::with_widgets(|definition| {
        let version = &mut definition["spec"]["versions"][0];
        version["additionalPrinterColumns"] = json!([
            {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
            {"name": "Part", "type": "string", "jsonPath": ".spec.parts[?(@.note==\"n\")].name"},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]);
        version["selectableFields"] = json!([{"jsonPath": ".spec.color"}]);
    });
    let parts = json!([{"name": "p"}, {"name": "q", "note": "n"}]);
    server.ok(
        request(CREATE),
        Some(widget(
            "a",
            json!({"size": 3, "color": "blue", "parts": parts}),
        )),
    );
    server.ok(request(CREATE), Some(widget("b", json!({"size": 4}))));
    let mut table = with("list example.com/v1 widgets default/", |options| {
        options.field_selector = Some("spec.color=blue".to_owned());
    });
    table.view = crate::View::Table {
        include: crate::request::Include::None,
    };
    let table = server.ok(table, None);
    assert_eq!(table["rows"], json!([{"cells": ["a", 3, "q", "0s"]}]));
    let heads: Vec<&str> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|head| head["name"].as_str())
        .collect();
    assert_eq!(heads, ["Name", "Size", "Part", "Age"]);
}

#[test]
fn a_definition_that_goes_is_held_until_its_objects_are_gone() {
    let mut server = Server::with_widgets(|_| {});
    server.ok(request(CREATE), Some(widget("a", json!({"size": 1}))));
    let line = "customresourcedefinitions widgets.example.com";
    let delete = request(&format!("delete apiextensions.k8s.io/v1 {line}"));
    server.ok(delete, None);
    let going = server.ok(
        request(&format!("get apiextensions.k8s.io/v1 {line}")),
        None,
    );
    assert_eq!(
        going["metadata"]["finalizers"],
        json!(["customresourcecleanup.apiextensions.k8s.io"])
    );
    assert_eq!(going["status"]["conditions"][1]["type"], "Terminating");
    let refused = server.refused(request(CREATE), Some(widget("b", json!({"size": 1}))));
    expect![[r#"405 MethodNotAllowed: create not allowed while custom resource definition is terminating"#]]
        .assert_eq(&refused);
    server.ok(
        request("deletecollection example.com/ widgets default/"),
        None,
    );
    let mut free = going;
    free["metadata"]["finalizers"] = json!([]);
    let update = "update apiextensions.k8s.io/v1 customresourcedefinitions/status";
    server.ok(
        request(&format!("{update} widgets.example.com")),
        Some(free),
    );
    let refused = server.refused(request("list example.com/v1 widgets"), None);
    assert!(refused.starts_with("404"), "{refused}");
}

#[test]
fn schemas_are_published_for_both_kinds_of_readers() {
    let server = Server::with_widgets(|definition| {
        let version = &mut definition["spec"]["versions"][0];
        version["schema"]["openAPIV3Schema"]["description"] = json!("A thing.");
    });
    let registry = server.registry();
    let version = GroupVersion::new("example.com", "v1");
    let third = registry.openapi_v3(&version).unwrap();
    let widget = &third["components"]["schemas"]["com.example.v1.Widget"];
    assert_eq!(widget["description"], "A thing.");
    assert_eq!(
        widget["properties"]["spec"]["properties"]["color"]["default"],
        "red"
    );
    assert_eq!(
        widget["x-kubernetes-group-version-kind"],
        json!([{"group": "example.com", "version": "v1", "kind": "Widget"}])
    );
    let path = "/apis/example.com/v1/namespaces/{namespace}/widgets/{name}";
    let content = third["paths"][path]["patch"]["requestBody"]["content"].as_object();
    assert!(
        content
            .unwrap()
            .keys()
            .all(|name| !name.contains("strategic"))
    );
    let second = registry.openapi_v2();
    assert!(second["definitions"]["com.example.v1.Widget"]["properties"]["spec"].is_object());
    assert_ne!(
        registry.edition(Some(&version)),
        Server::new().registry().edition(Some(&version))
    );
}

#[test]
fn what_was_stored_before_a_default_was_declared_is_read_with_it() {
    let mut server = Server::with_widgets(|_| {});
    server.ok(request(CREATE), Some(widget("a", json!({"size": 1}))));
    let line = "apiextensions.k8s.io/v1 customresourcedefinitions widgets.example.com";
    let mut now = server.ok(request(&format!("get {line}")), None);
    for version in now["spec"]["versions"].as_array_mut().unwrap() {
        let spec = &mut version["schema"]["openAPIV3Schema"]["properties"]["spec"];
        spec["properties"]["added"] = json!({"type": "integer", "default": 5});
        spec["properties"].as_object_mut().unwrap().remove("color");
    }
    server.ok(request(&format!("update {line}")), Some(now));
    let wanted = json!({"size": 1, "added": 5});
    let one = server.ok(request("get example.com/v1 widgets default/a"), None);
    let all = server.ok(request("list example.com/v1 widgets default/"), None);
    assert_eq!([&one["spec"], &all["items"][0]["spec"]], [&wanted, &wanted]);
    assert_eq!(all["items"][0]["kind"], "Widget");
}

#[test]
fn a_version_that_is_only_stored_is_not_served() {
    let mut server = Server::with_widgets(|definition| {
        definition["spec"]["versions"][0]["served"] = json!(false);
    });
    let mut old = widget("a", json!({"size": 2}));
    old["apiVersion"] = json!("example.com/v1beta1");
    let create = "create example.com/v1beta1 widgets default/";
    server.ok(request(create), Some(old));
    let refused = server.refused(request("list example.com/v1 widgets"), None);
    assert!(refused.starts_with("404"), "{refused}");
    let version = GroupVersion::new("example.com", "v1");
    assert!(server.registry().resource_list(&version).is_none());
    let gone = server.ok(
        request("deletecollection example.com/ widgets default/"),
        None,
    );
    assert_eq!(gone["items"][0]["metadata"]["name"], "a");
    let left = server.ok(request("list example.com/v1beta1 widgets"), None);
    assert_eq!(left["items"], json!([]));
}
