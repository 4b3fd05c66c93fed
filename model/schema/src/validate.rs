//! What a schema alone can say is wrong with a value: fields that must be given, and values that
//! are none of those known.
//!
//! Types and ranges are checked when a body is decoded, and what is particular to a kind is in
//! the kind's own rules. `status` is left alone: its writers are programs, and upstream takes
//! what they leave out as zero.

use gantry_api::FieldErrors;
use serde_json::{Map, Value};

use crate::schema::{Field, TypeRef};
use crate::trail::Trail;

/// Reports everything that the schema alone can say about an object.
#[must_use]
pub fn validate(object: &Value, ty: TypeRef<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let root = Trail::Root;
    if let Some(map) = object.as_object() {
        check_required(map, ty, &root, &mut errors);
        for (name, value) in map.iter().filter(|(name, _)| *name != "status") {
            check_child(name, value, ty, &root, &mut errors);
        }
    }
    errors
}

fn check(value: &Value, ty: TypeRef<'_>, at: &Trail<'_>, errors: &mut FieldErrors) {
    match value {
        Value::Object(map) => {
            check_required(map, ty, at, errors);
            for (name, value) in map {
                check_child(name, value, ty, at, errors);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check(item, ty.item(), &Trail::Index(at, index), errors);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn check_required(
    map: &Map<String, Value>,
    ty: TypeRef<'_>,
    at: &Trail<'_>,
    errors: &mut FieldErrors,
) {
    let fields = ty.object().map_or(&[][..], |object| &object.fields);
    for field in fields
        .iter()
        .filter(|field| field.required && field.name != "status")
    {
        if !map.contains_key(&field.name) {
            errors.required(&Trail::Field(at, &field.name).path(), "");
        }
    }
}

fn check_child(
    name: &str,
    value: &Value,
    ty: TypeRef<'_>,
    at: &Trail<'_>,
    errors: &mut FieldErrors,
) {
    let (field, child) = ty.look_up(name);
    if let Some(field) = field.filter(|field| !field.allowed.is_empty()) {
        check_allowed(value, field, &Trail::Field(at, name), errors);
    }
    let at = if ty.object().is_some() {
        Trail::Field(at, name)
    } else {
        Trail::Key(at, name)
    };
    check(value, child, &at, errors);
}

/// An empty text counts as not given, as it does for upstream's clients.
fn check_allowed(value: &Value, field: &Field, at: &Trail<'_>, errors: &mut FieldErrors) {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        return;
    };
    if !field.allowed.iter().any(|allowed| allowed == text) {
        let known: Vec<&str> = field.allowed.iter().map(String::as_str).collect();
        errors.not_supported(&at.path(), text, &known);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Schema;

    #[test]
    fn missing_fields_and_unknown_values_are_all_reported() {
        let pod = Schema::builtin().kind("", "v1", "Pod").unwrap();
        let value = json!({"spec": {"restartPolicy": "Sometimes", "dnsPolicy": "", "containers": [
            {"image": "x", "ports": [{"protocol": "tcp"}]}]}, "status": {"conditions": [{}]}});
        let errors = validate(&value, pod);
        let shown: Vec<String> = errors.as_slice().iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "spec.containers[0].name: Required value",
                "spec.containers[0].ports[0].containerPort: Required value",
                "spec.containers[0].ports[0].protocol: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
                "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", \"OnFailure\"",
            ]
        );
    }

    #[test]
    fn the_body_of_a_free_value_is_nobodys_business() {
        let revision = Schema::builtin()
            .kind("apps", "v1", "ControllerRevision")
            .unwrap();
        let value = json!({"revision": 1, "data": {"spec": {"template": {"x": []}}}});
        assert!(validate(&value, revision).is_empty());
    }
}
