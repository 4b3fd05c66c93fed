//! What is refused, in which words, and what is let pass.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::Constraints;

fn told(schema: &Value, value: &Value, old: Option<&Value>) -> String {
    let schema = json!({"type": "object", "properties": {"spec": schema}});
    let (value, old) = (json!({"spec": value}), old.map(|old| json!({"spec": old})));
    let fields = |value: &Value| value.as_object().cloned().unwrap();
    let old = old.as_ref().map(fields);
    let errors = Constraints::read(&schema).check(&fields(&value), old.as_ref());
    errors
        .as_slice()
        .iter()
        .map(|error| format!("{error}\n"))
        .collect()
}

fn check(schema: Value, value: Value, expected: Expect) {
    expected.assert_eq(&told(&schema, &value, None));
}

#[test]
fn types_are_told_apart_as_clients_know_it() {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "string"}, "b": {"type": "integer"}, "c": {"type": "number"},
        "d": {"type": "boolean"}, "e": {"type": "array", "items": {"type": "string"}},
        "f": {"type": "object"}, "g": {"x-kubernetes-int-or-string": true},
        "h": {"type": "string", "nullable": true}}});
    check(
        schema.clone(),
        json!({"a": 1, "b": "x", "c": true, "d": "true", "e": {}, "f": [], "g": [1], "h": 2}),
        expect![[r#"
            spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer"
            spec.b: Invalid value: "string": spec.b in body must be of type integer: "string"
            spec.c: Invalid value: "boolean": spec.c in body must be of type number: "boolean"
            spec.d: Invalid value: "string": spec.d in body must be of type boolean: "string"
            spec.e: Invalid value: "object": spec.e in body must be of type array: "object"
            spec.f: Invalid value: "array": spec.f in body must be of type object: "array"
            spec.g: Invalid value: "array": spec.g in body must be of type integer,string: "array"
            spec.h: Invalid value: "integer": spec.h in body must be of type string: "integer"
        "#]],
    );
    check(
        schema,
        json!({"a": "", "b": 1.0, "c": 1, "d": true, "e": [null], "f": {}, "g": "50%", "h": null}),
        expect![[r#"
            spec.e[0]: Invalid value: "null": spec.e[0] in body must be of type string: "null"
        "#]],
    );
}

#[test]
fn bounds_hold_for_numbers_texts_lists_and_objects() {
    check(
        json!({"type": "object", "maxProperties": 7, "required": ["z"], "properties": {
            "a": {"type": "integer", "minimum": 1, "maximum": 10, "multipleOf": 3},
            "b": {"type": "integer", "format": "int32", "exclusiveMinimum": true, "minimum": 5},
            "c": {"type": "number", "maximum": 0.5, "exclusiveMaximum": true},
            "d": {"type": "string", "minLength": 3, "pattern": "^a"},
            "e": {"type": "string", "maxLength": 2},
            "f": {"type": "array", "minItems": 2, "items": {"type": "integer"}},
            "g": {"type": "array", "maxItems": 1, "items": {"type": "integer"}},
            "h": {"type": "string", "enum": ["x", "y"]}}}),
        json!({"a": 11, "b": 5, "c": 0.5, "d": "bc", "e": "abc", "f": [1], "g": [1, 2], "h": "z"}),
        expect![[r#"
            spec: Too many: 8: must have at most 7 items
            spec.a: Invalid value: 11: spec.a in body should be a multiple of 3
            spec.a: Invalid value: 11: spec.a in body should be less than or equal to 10
            spec.b: Invalid value: 5: spec.b in body should be greater than 5
            spec.c: Invalid value: 0.5: spec.c in body should be less than 0.5
            spec.d: Invalid value: "bc": spec.d in body should be at least 3 chars long
            spec.d: Invalid value: "bc": spec.d in body should match '^a'
            spec.e: Too long: may not be more than 2 bytes
            spec.f: Invalid value: 1: spec.f in body should have at least 2 items
            spec.g: Too many: 2: must have at most 1 items
            spec.h: Unsupported value: "z": supported values: "x", "y"
            spec.z: Required value
        "#]],
    );
    check(
        json!({"type": "integer", "format": "int32"}),
        json!(3_000_000_000_i64),
        expect![[r#"
            <nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec
        "#]],
    );
}

#[test]
fn formats_are_checked_where_they_are_known() {
    check(
        json!({"type": "object", "properties": {
            "a": {"type": "string", "format": "date-time"},
            "b": {"type": "string", "format": "unheard-of"},
            "c": {"type": "string", "format": "ipv4"}}}),
        json!({"a": "today", "b": "x", "c": 5}),
        expect![[r#"
            spec.a: Invalid value: "today": spec.a in body must be of type date-time: "today"
            spec.c: Invalid value: "int64": spec.c in body must be of type ipv4: "int64"
        "#]],
    );
}

#[test]
fn alternatives_say_why_the_best_of_them_does_not_fit() {
    let one = json!({"type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
    check(
        one.clone(),
        json!({}),
        expect![[r#"
            <nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid
            spec.a: Required value
        "#]],
    );
    check(
        one,
        json!({"a": "", "b": ""}),
        expect![[r#"
            <nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives
        "#]],
    );
    check(
        json!({"x-kubernetes-int-or-string": true,
            "anyOf": [{"type": "integer"}, {"type": "string", "pattern": "%$"}],
            "not": {"enum": [0]}}),
        json!("x"),
        expect![[r#"
            <nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)
            spec: Invalid value: "x": spec in body should match '%$'
        "#]],
    );
    check(
        json!({"type": "integer", "not": {"enum": [0]},
            "allOf": [{"minimum": -1}, {"maximum": -2}]}),
        json!(0),
        expect![[r#"
            spec: Invalid value: 0: spec in body should be less than or equal to -2
            <nil>: Invalid value: "": "spec" must validate all the schemas (allOf)
            <nil>: Invalid value: "": "spec" must not validate the schema (not)
        "#]],
    );
}

#[test]
fn sets_and_keys_hold_nothing_twice() {
    check(
        json!({"type": "object", "properties": {
            "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "map": {"type": "array", "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name", "port"],
                "items": {"type": "object", "properties": {
                    "name": {"type": "string"}, "port": {"type": "integer"}}}}}}),
        json!({"set": ["a", "b", "a", "a"], "map": [
            {"name": "x", "port": 1}, {"name": "x", "port": 2}, {"name": "x", "port": 1, "y": 1}]}),
        expect![[r#"
            spec.map[2]: Duplicate value: {"name":"x","port":1}
            spec.set[2]: Duplicate value: "a"
        "#]],
    );
}

#[test]
fn what_was_there_before_stays_acceptable() {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "string", "maxLength": 1}, "b": {"type": "string", "maxLength": 1},
        "list": {"type": "array", "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "properties": {
                "name": {"type": "string"}, "size": {"type": "integer", "maximum": 1}}}}}});
    let old = json!({"a": "long", "b": "c", "list": [{"name": "x", "size": 5}]});
    let new = json!({"a": "long", "b": "longer", "list": [
        {"name": "y", "size": 5}, {"name": "x", "size": 5}]});
    expect![[r#"
        spec.b: Too long: may not be more than 1 bytes
        spec.list[0].size: Invalid value: 5: spec.list[0].size in body should be less than or equal to 1
    "#]]
    .assert_eq(&told(&schema, &new, Some(&old)));
}

#[test]
fn a_status_is_checked_alone() {
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "string"},
        "status": {"type": "object", "properties": {"ready": {"type": "integer"}}}}});
    let value = json!({"spec": 1, "status": {"ready": "no"}});
    let errors = Constraints::read(&schema).check_status(value.as_object().unwrap(), None);
    let told: Vec<String> = errors.as_slice().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "status.ready: Invalid value: \"string\": ready in body must be of type integer: \"string\""
        ]
    );
}

#[test]
fn an_object_within_says_what_it_is() {
    check(
        json!({"type": "object", "x-kubernetes-embedded-resource": true,
            "x-kubernetes-preserve-unknown-fields": true}),
        json!({"kind": "Pod"}),
        expect![[r#"
            spec.apiVersion: Required value: must not be empty
        "#]],
    );
}
