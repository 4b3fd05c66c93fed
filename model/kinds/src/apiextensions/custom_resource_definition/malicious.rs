//! Definitions that are made to hurt, and objects of such kinds: each is refused, and soon.

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use serde_json::{Map, Value, json};

use super::*;
use crate::custom::descriptors;
use crate::describe::describe;

fn definition(spec: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "webs.example.com"},
        "spec": {
            "group": "example.com", "scope": "Cluster", "conversion": {"strategy": "None"},
            "names": {"plural": "webs", "singular": "web", "kind": "Web", "listKind": "WebList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}}],
        },
        "status": {
            "acceptedNames": {"plural": "webs", "singular": "web", "kind": "Web",
                "listKind": "WebList"},
            "conditions": [{"type": "Established", "status": "True"}],
            "storedVersions": ["v1"],
        },
    })
}

/// What is wrong with a definition whose objects have this `spec`.
fn refused(spec: &Value) -> String {
    let definition = Object::from_value(definition(spec)).unwrap();
    let mut errors = FieldErrors::new();
    let kind = describe::<CustomResourceDefinitions>();
    kind.hooks.validate(&definition, None, &mut errors).unwrap();
    told(&errors)
}

/// What is wrong with an object of a kind that is defined so.
fn judged(schema: &Value, spec: &Value, old: Option<&Value>) -> String {
    assert_eq!(refused(schema), "");
    let kinds = descriptors(&Object::from_value(definition(schema)).unwrap(), 1);
    let object = |spec: &Value| {
        let whole = json!({"apiVersion": "example.com/v1", "kind": "Web",
            "metadata": {"name": "w"}, "spec": spec});
        Object::from_value(whole).unwrap()
    };
    let mut errors = FieldErrors::new();
    let old = old.map(object);
    let hooks = &kinds[0].hooks;
    hooks
        .validate(&object(spec), old.as_ref(), &mut errors)
        .unwrap();
    told(&errors)
}

fn told(errors: &FieldErrors) -> String {
    let lines = errors.as_slice().iter();
    lines.map(|error| format!("{error}\n")).collect()
}

fn object(properties: Value) -> Value {
    json!({"type": "object", "properties": properties})
}

#[test]
fn a_schema_that_refers_to_itself_is_refused() {
    let told = refused(&object(json!({"again": {"$ref": "#/properties/spec"}})));
    assert!(told.contains("$ref is not supported"), "{told}");
    let mut odd = object(json!({}));
    odd["definitions"] = json!({"a": {"$ref": "#/definitions/a"}});
    let told = refused(&odd);
    assert!(told.contains("definitions is not supported"), "{told}");
}

#[test]
fn a_deep_schema_is_gone_through_once() {
    // As deep as bodies may be: every level a default, a rule and an alternative.
    let deep = (0..25).fold(json!({"type": "string", "maxLength": 5}), |inner, _| {
        json!({"type": "object", "default": {}, "properties": {"a": inner},
            "anyOf": [{"required": ["a"]}, {"maxProperties": 3}],
            "x-kubernetes-validations": [{"rule": "!has(self.a) || self.a == self.a"}]})
    });
    assert_eq!(judged(&deep, &json!({"a": {"a": {}}}), None), "");
}

#[test]
fn a_pattern_that_does_not_end_elsewhere_is_linear_here() {
    let schema = object(json!({"a": {"type": "string", "pattern": "^(a+)+$"}}));
    let told = judged(
        &schema,
        &json!({"a": format!("{}b", "a".repeat(100_000))}),
        None,
    );
    assert!(told.contains("should match '^(a+)+$'"), "{}", told.len());
}

#[test]
fn a_pattern_that_grows_is_refused() {
    let told = refused(&object(
        json!({"a": {"type": "string", "pattern": "(a{1000}){1000}"}}),
    ));
    assert!(
        told.contains("must be a valid regular expression"),
        "{told}"
    );
}

#[test]
fn many_large_patterns_are_refused() {
    let patterns = |count: usize, times: usize| {
        let own = |number: usize| {
            let pattern = format!("^{number}([a-z]{{{times}}}x){{5}}$");
            (
                format!("p{number}"),
                json!({"type": "string", "pattern": pattern}),
            )
        };
        object((0..count).map(own).collect::<Map<String, Value>>().into())
    };
    assert_eq!(refused(&patterns(100, 5)), "");
    let told = refused(&patterns(40, 900));
    assert!(
        told.contains("at most 16 patterns of more than 64KiB each"),
        "{told}"
    );
    let told = refused(&patterns(2001, 1));
    assert!(told.contains("at most 2000 different patterns"), "{told}");
}

#[test]
fn many_rules_are_refused() {
    let rules = vec![json!({"rule": "true"}); 1001];
    let told = refused(&json!({"type": "object", "x-kubernetes-validations": rules}));
    assert!(
        told.contains("at most 1000 x-kubernetes-validations"),
        "{told}"
    );
}

#[test]
fn rules_that_cost_more_than_they_may_are_refused() {
    let list = |rule: &str| {
        object(json!({"l": {"type": "array", "items": {"type": "string"},
            "x-kubernetes-validations": [{"rule": rule}]}}))
    };
    for bomb in [
        "self.all(a, self.all(b, self.all(c, a + b != c)))",
        "self.all(a, a.matches('^(a+)+$'))",
        "self.map(a, a + a).map(a, a + a).map(a, a + a).all(a, a.contains(a))",
        "self.exists(a, self.join(a).size() > 3)",
    ] {
        let told = refused(&list(bomb));
        assert!(
            told.contains("estimated rule cost exceeds budget"),
            "{bomb}: {told}"
        );
    }
}

#[test]
fn rules_that_are_too_deep_or_too_long_are_refused() {
    let rule =
        |text: String| json!({"type": "object", "x-kubernetes-validations": [{"rule": text}]});
    let deep = format!("{}true{}", "(".repeat(5000), ")".repeat(5000));
    let told = refused(&rule(deep));
    assert!(told.contains("recursion limit exceeded"), "{}", told.len());
    let told = refused(&rule(format!("'{}' == ''", "a".repeat(200_000))));
    assert!(
        told.contains("code point size exceeds limit"),
        "{}",
        told.len()
    );
}

#[test]
fn what_is_wrong_a_million_times_is_told_a_hundred_times() {
    let wide = json!({"type": "array", "items": {"type": "integer", "enum": [1],
        "x-kubernetes-validations": [{"rule": "self == 1"}]}});
    let many = vec![2; 200_000];
    let told = judged(&object(json!({"l": wide})), &json!({"l": many}), None);
    assert!(told.lines().count() <= 101, "{}", told.lines().count());
}

#[test]
fn a_long_value_is_not_repeated_for_all_that_is_wrong_with_it() {
    let alternatives: Vec<Value> = (0..1000).map(|own| json!({"maxLength": own})).collect();
    let patterns: Vec<Value> = (0..1000)
        .map(|own| json!({"pattern": format!("^{own}$")}))
        .collect();
    let all = [alternatives, patterns].concat();
    let text = json!({"type": "string", "allOf": all});
    let told = judged(
        &object(json!({"a": text})),
        &json!({"a": "a".repeat(500_000)}),
        None,
    );
    assert!(!told.is_empty() && told.len() < 3 << 20, "{}", told.len());
}

#[test]
fn many_allowed_values_are_looked_up_and_not_all_told() {
    let known: Vec<String> = (0..50_000).map(|own| format!("value{own}")).collect();
    let wide = json!({"type": "array", "items": {"type": "string", "enum": known}});
    let schema = object(json!({"l": wide}));
    assert_eq!(judged(&schema, &json!({"l": known}), None), "");
    let told = judged(&schema, &json!({"l": ["other"]}), None);
    assert!(
        told.contains("\"value0\"") && told.len() < 10_000,
        "{}",
        told.len()
    );
}

#[test]
fn items_of_long_lists_are_found_again_without_looking_at_all_of_them() {
    let item = json!({"type": "object", "required": ["k"], "properties": {
        "k": {"type": "integer"}, "v": {"type": "integer", "x-kubernetes-validations": [
            {"rule": "self >= oldSelf"}]}}});
    let list = json!({"type": "array", "maxItems": 60_000, "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"], "items": item});
    let all = |v: u32| -> Value {
        let items = (0..50_000).map(|k| json!({"k": k, "v": v}));
        json!({"l": items.collect::<Vec<_>>()})
    };
    assert_eq!(
        judged(&object(json!({"l": list})), &all(2), Some(&all(1))),
        ""
    );
}
