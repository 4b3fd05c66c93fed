//! What rules find wrong with objects, and what they let pass.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::{judged, judged_whole, object};

fn check(spec: &Value, new: Value, old: Option<Value>, expected: Expect) {
    expected.assert_eq(&judged(spec, &new, old.as_ref()));
}

#[test]
fn a_rule_that_is_not_true_says_so_in_its_own_words() {
    let spec = object(
        json!({"min": {"type": "integer"}, "max": {"type": "integer"},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}}}),
        json!([
            {"rule": "self.min <= self.max"},
            {"rule": "self.min <= self.max", "message": "  min is too large "},
            {"rule": "self.min <= self.max", "message": "not used",
                "messageExpression": "'min is ' + string(self.min)"},
            {"rule": "self.min <= self.max", "message": "used",
                "messageExpression": "self.labels['none']"},
            {"rule": "self.min <= self.max", "reason": "FieldValueForbidden", "fieldPath": ".min"},
            {"rule": "self.min <= self.max", "reason": "FieldValueRequired",
                "fieldPath": ".labels['a.b']", "message": "a.b is needed"},
            {"rule": "self.min <= self.max", "reason": "FieldValueDuplicate"},
        ]),
    );
    check(&spec, json!({"min": 1, "max": 1}), None, expect![""]);
    check(
        &spec,
        json!({"min": 2, "max": 1}),
        None,
        expect![[r#"
            spec: Invalid value: "object": failed rule: self.min <= self.max
            spec: Invalid value: "object": min is too large
            spec: Invalid value: "object": min is 2
            spec: Invalid value: "object": used
            spec.min: Forbidden: failed rule: self.min <= self.max
            spec.labels[a.b]: Required value: a.b is needed
            spec: Duplicate value: "object": failed rule: self.min <= self.max
        "#]],
    );
}

#[test]
fn rules_are_asked_everywhere_below() {
    let text = json!({"type": "string", "maxLength": 9,
        "x-kubernetes-validations": [{"rule": "self != 'no'"}]});
    let spec = json!({"type": "object", "properties": {
        "one": text,
        "list": {"type": "array", "maxItems": 3, "items": text},
        "map": {"type": "object", "maxProperties": 3, "additionalProperties": text}}});
    check(
        &spec,
        json!({"one": "no", "list": ["yes", "no"], "map": {"a": "no", "b": "yes"}}),
        None,
        expect![[r#"
            spec.list[1]: Invalid value: "string": failed rule: self != 'no'
            spec.map[a]: Invalid value: "string": failed rule: self != 'no'
            spec.one: Invalid value: "string": failed rule: self != 'no'
        "#]],
    );
}

#[test]
fn the_whole_object_can_be_asked_about_its_name() {
    let schema = object(
        json!({"spec": {"type": "object", "properties": {"name": {"type": "string"}}}}),
        json!([{"rule": "self.metadata.name == self.spec.name"}]),
    );
    let told = judged_whole(&schema, &json!({"name": "other"}), None);
    expect![[r#"
        <nil>: Invalid value: "object": failed rule: self.metadata.name == self.spec.name
    "#]]
    .assert_eq(&told);
    assert_eq!(judged_whole(&schema, &json!({"name": "w"}), None), "");
}

#[test]
fn what_cannot_be_evaluated_is_wrong() {
    let spec = object(
        json!({"port": {"x-kubernetes-int-or-string": true}, "size": {"type": "integer"}}),
        json!([{"rule": "self.port < 5"}, {"rule": "self.size > 1"}]),
    );
    check(
        &spec,
        json!({"port": "http"}),
        None,
        expect![[r#"
            spec: Invalid value: "object": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self.port < 5
            spec: Invalid value: "object": no such key: size evaluating rule: self.size > 1
        "#]],
    );
}

#[test]
fn what_was_before_is_compared_when_there_was_something() {
    let spec = object(
        json!({
            "size": {"type": "integer", "x-kubernetes-validations": [
                {"rule": "self >= oldSelf", "message": "must not shrink"}]},
            "parts": {"type": "array", "maxItems": 5, "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"], "items": {"type": "object",
                "required": ["name"], "properties": {"name": {"type": "string", "maxLength": 5},
                "note": {"type": "string", "maxLength": 5}},
                "x-kubernetes-validations": [{"rule": "self.note == oldSelf.note"}]}},
        }),
        json!([{"rule": "oldSelf.hasValue() || self.size == 1", "optionalOldSelf": true,
            "message": "begins with 1"}]),
    );
    let part = |name: &str, note: &str| json!({"name": name, "note": note});
    let at = |size: i64, parts: Value| json!({"size": size, "parts": parts});
    check(
        &spec,
        at(2, json!([part("a", "x")])),
        None,
        expect![[r#"
            spec: Invalid value: "object": begins with 1
        "#]],
    );
    check(
        &spec,
        at(1, json!([part("b", "z"), part("a", "y")])),
        Some(at(2, json!([part("a", "x")]))),
        expect![[r#"
            spec.parts[1]: Invalid value: "object": failed rule: self.note == oldSelf.note
            spec.size: Invalid value: "integer": must not shrink
        "#]],
    );
}

#[test]
fn what_did_not_change_is_only_remarked_on() {
    let text = json!({"type": "string", "maxLength": 9,
        "x-kubernetes-validations": [{"rule": "self != 'no'"}]});
    let spec = json!({"type": "object", "properties": {"a": text, "b": text,
        "list": {"type": "array", "maxItems": 5, "items": text}}});
    check(
        &spec,
        json!({"a": "no", "b": "no", "list": ["no"]}),
        Some(json!({"a": "no", "b": "yes", "list": ["no"]})),
        expect![[r#"
            spec.b: Invalid value: "string": failed rule: self != 'no'
            remark: spec.a: Invalid value: "string": failed rule: self != 'no'
            remark: spec.list[0]: Invalid value: "string": failed rule: self != 'no'
        "#]],
    );
}

#[test]
fn null_is_not_judged_and_not_there() {
    let spec = object(
        json!({"a": {"type": "string", "nullable": true,
            "x-kubernetes-validations": [{"rule": "self == 'x'"}]}}),
        json!([{"rule": "!has(self.a)"}]),
    );
    check(&spec, json!({"a": null}), None, expect![""]);
}

#[test]
fn who_spends_too_much_is_stopped() {
    let list = json!({"type": "array", "maxItems": 5000, "items": {"type": "integer"},
        "x-kubernetes-validations": [
            {"rule": "self.all(x, x >= 0)"}, {"rule": "self.all(x, x >= 0)"}]});
    let lists = json!({"type": "object", "properties": {"lists": {"type": "array",
        "maxItems": 100, "items": list}}});
    let many: Vec<u32> = (0..5000).collect();
    let told = judged(&lists, &json!({"lists": vec![many; 100]}), None);
    assert_eq!(told, "", "what keeps to its bounds is judged to the end");
    let wide = json!({"type": "array", "maxItems": 150_000, "items": {"type": "integer"},
        "x-kubernetes-validations": [{"rule": "self.all(x, x >= 0)"}, {"rule": "self[0] == 5"}]});
    let many: Vec<u32> = (0..400_000).collect();
    expect![[r#"
        spec.wide: Invalid value: "array": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self.all(x, x >= 0)
    "#]]
    .assert_eq(&judged(
        &json!({"type": "object", "properties": {"wide": wide}}),
        &json!({"wide": many}),
        None,
    ));
}
