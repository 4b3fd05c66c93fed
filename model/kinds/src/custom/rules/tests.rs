//! Which rules are refused, and what rules find wrong with objects.

mod definitions;
mod objects;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use serde_json::{Value, json};

use super::Rules;

/// What is wrong with the rules of a schema, a line each.
fn refused(schema: &Value) -> String {
    let mut errors = FieldErrors::new();
    super::validate(schema, &FieldPath::new("schema"), &mut errors);
    lines(&errors)
}

fn lines(errors: &FieldErrors) -> String {
    let lines = errors.as_slice().iter();
    lines.map(|error| format!("{error}\n")).collect()
}

/// What the rules of a schema for `spec` find wrong, and what they only remark on.
fn judged(spec: &Value, new: &Value, old: Option<&Value>) -> String {
    let schema = json!({"type": "object", "properties": {"spec": spec}});
    judged_whole(&schema, new, old)
}

fn judged_whole(schema: &Value, new: &Value, old: Option<&Value>) -> String {
    assert_eq!(refused(schema), "");
    let object = |spec: &Value| {
        let whole = json!({"apiVersion": "example.com/v1", "kind": "Web",
            "metadata": {"name": "w"}, "spec": spec});
        Object::from_value(whole).unwrap()
    };
    let old = old.map(object);
    let mut errors = FieldErrors::new();
    let remarks = Rules::read(schema).judge(&object(new), old.as_ref(), &mut errors);
    let remarks = remarks
        .into_iter()
        .map(|remark| format!("remark: {remark}\n"));
    lines(&errors) + &remarks.collect::<String>()
}

/// A schema for objects with rules.
fn object(properties: Value, rules: Value) -> Value {
    json!({"type": "object", "properties": properties, "x-kubernetes-validations": rules})
}
