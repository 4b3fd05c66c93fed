//! Rules that are refused with their definition.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::{object, refused};

fn check(schema: Value, expected: Expect) {
    expected.assert_eq(&refused(&schema));
}

fn fields() -> Value {
    json!({
        "size": {"type": "integer"},
        "port": {"x-kubernetes-int-or-string": true},
        "namespace": {"type": "string"},
        "a-b": {"type": "string", "format": "date-time"},
        "free": {"x-kubernetes-preserve-unknown-fields": true},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "child": {"type": "object", "properties": {"on": {"type": "boolean"}}},
    })
}

#[test]
fn rules_that_go_together_with_their_schema_pass() {
    let rules = json!([
        {"rule": "self.size > 1 && self.port == 80 || self.port == 'http'"},
        {"rule": "self.__namespace__.size() < 5"},
        {"rule": "self.a__dash__b > timestamp('2020-01-01T00:00:00Z')"},
        {"rule": "self.labels.all(k, self.labels[k] != '')"},
        {"rule": "'x' in self.set + ['y']"},
        {"rule": "has(self.child) && self.child.on"},
        {"rule": "self.size >= oldSelf.size", "messageExpression": "'was ' + string(oldSelf.size)"},
        {"rule": "!oldSelf.hasValue() || oldSelf.value().size == self.size", "optionalOldSelf": true},
        {"rule": "quantity('1Gi').isGreaterThan(quantity('1Mi'))",
            "fieldPath": ".labels['a.b']", "reason": "FieldValueForbidden"},
        {"rule": "self.size > 1", "fieldPath": ".child.on"},
    ]);
    check(object(fields(), rules), expect![""]);
}

#[test]
fn rules_that_do_not_go_together_with_their_schema_are_pointed_at() {
    let rules = json!([
        {"rule": "self.size == 'x'"},
        {"rule": "self.free == 1"},
        {"rule": "self.size + 1"},
        {"rule": "self.size > 1", "messageExpression": "self.size"},
        {"rule": "self.size > 1", "fieldPath": ".other"},
        {"rule": "self.size > 1", "fieldPath": "size"},
        {"rule": "self.size > 1", "optionalOldSelf": true},
        {"rule": "self.size >"},
    ]);
    check(
        object(fields(), rules),
        expect![[r#"
            schema.x-kubernetes-validations[0].rule: Invalid value: {"rule":"self.size == 'x'"}: compilation failed: ERROR: <input>:1:11: found no matching overload for '_==_' applied to '(int, string)'
             | self.size == 'x'
             | ..........^
            schema.x-kubernetes-validations[1].rule: Invalid value: {"rule":"self.free == 1"}: compilation failed: ERROR: <input>:1:5: undefined field 'free'
             | self.free == 1
             | ....^
            schema.x-kubernetes-validations[2].rule: Invalid value: {"rule":"self.size + 1"}: cel expression must evaluate to a bool
            schema.x-kubernetes-validations[3].messageExpression: Invalid value: {"messageExpression":"self.size","rule":"self.size > 1"}: messageExpression must evaluate to a string
            schema.x-kubernetes-validations[4].fieldPath: Invalid value: ".other": fieldPath must be a valid path: does not refer to a valid field: "other"
            schema.x-kubernetes-validations[5].fieldPath: Invalid value: "size": fieldPath must be a valid path: expected [ or . but got: size
            schema.x-kubernetes-validations[6].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule
            schema.x-kubernetes-validations[7].rule: Invalid value: {"rule":"self.size >"}: compilation failed: ERROR: <input>:1:12: Syntax error: mismatched input '<EOF>'
             | self.size >
             | ...........^
        "#]],
    );
}

#[test]
fn the_root_knows_the_name_of_the_object_and_nothing_else_of_its_metadata() {
    let rules = json!([
        {"rule": "self.metadata.name.startsWith('a') && self.kind == 'Web'"},
        {"rule": "self.metadata.generateName != 'x' && self.apiVersion != ''"},
        {"rule": "self.metadata.labels.size() > 0"},
    ]);
    check(
        object(json!({}), rules),
        expect![[r#"
            schema.x-kubernetes-validations[2].rule: Invalid value: {"rule":"self.metadata.labels.size() > 0"}: compilation failed: ERROR: <input>:1:14: undefined field 'labels'
             | self.metadata.labels.size() > 0
             | .............^
        "#]],
    );
}

#[test]
fn what_was_before_is_asked_only_where_it_can_be_found_again() {
    let rule = json!([{"rule": "self == oldSelf"}]);
    let item = json!({"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string", "maxLength": 10},
        "note": {"type": "string", "maxLength": 10, "x-kubernetes-validations": rule}}});
    let list = |kind: Value| {
        let mut list = json!({"type": "array", "maxItems": 10, "items": item});
        list.as_object_mut()
            .unwrap()
            .extend(kind.as_object().unwrap().clone());
        json!({"type": "object", "properties": {"list": list}})
    };
    let keyed = json!({"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]});
    check(list(keyed), expect![""]);
    check(
        list(json!({"x-kubernetes-list-type": "atomic"})),
        expect![[r#"
            schema.properties[list].items.properties[note].x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within schema.properties[list]
        "#]],
    );
}

#[test]
fn a_rule_that_could_cost_too_much_is_refused_and_one_with_bounds_is_not() {
    let rule = |of: &str| json!([{ "rule": of }]);
    let list = |bounds: Value, rule: Value| {
        let mut list = json!({"type": "array", "items": {"type": "string"},
            "x-kubernetes-validations": rule});
        if bounds == true {
            list["maxItems"] = 10.into();
            list["items"]["maxLength"] = 20.into();
        }
        json!({"type": "object", "properties": {"list": list}})
    };
    let twice = "self.all(x, self.exists(y, x + 'a' == y))";
    check(list(true.into(), rule(twice)), expect![""]);
    check(
        list(false.into(), rule(twice)),
        expect![[r#"
            schema.properties[list].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)
            schema.properties[list].x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema
            schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)
        "#]],
    );
    let mut once = list(false.into(), json!([]));
    once["properties"]["list"]["items"]["x-kubernetes-validations"] =
        rule("self.contains('something')");
    check(
        once,
        expect![[r#"
            schema.properties[list].items.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)
            schema.properties[list].items.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema
            schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)
        "#]],
    );
}

#[test]
fn many_rules_together_can_cost_too_much() {
    let rules: Vec<Value> = (0..30)
        .map(|_| json!({"rule": "self.text.contains('0123456789')"}))
        .collect();
    let text = json!({"text": {"type": "string", "maxLength": 3_000_000}});
    let told = refused(&object(text, rules.into()));
    assert_eq!(told.matches("contributed to").count(), 0, "{told}");
    let rules: Vec<Value> = (0..30)
        .map(|_| json!({"rule": "self.text.matches('^[a-z]+(a|b|c)$')"}))
        .collect();
    let text = json!({"text": {"type": "string", "maxLength": 3_000_000}});
    let told = refused(&object(text, rules.into()));
    expect![[r#"
        schema.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema
        schema.x-kubernetes-validations[1].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema
        schema.x-kubernetes-validations[2].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema
        schema.x-kubernetes-validations[3].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema
        schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 1.440001x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)
    "#]].assert_eq(&told);
}

#[test]
fn a_default_must_pass_the_rules() {
    let mut size = json!({"type": "integer", "default": 1});
    size["x-kubernetes-validations"] = json!([{"rule": "self > 2", "message": "too small"}]);
    check(
        json!({"type": "object", "properties": {"size": size}}),
        expect![[r#"
            schema.properties[size].default: Invalid value: "integer": too small
        "#]],
    );
}
