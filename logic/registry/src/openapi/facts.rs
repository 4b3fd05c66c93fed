//! What the table of facts adds to generated schemas: how lists and maps merge, enums, kinds.

use serde_json::{Map, Value, json};

use gantry_schema::schema::ListKind;
use gantry_schema::{Field, Schema, Shape};

/// Adds to the definition called `name` what is known of its fields.
pub(super) fn add(name: &str, definition: &mut Value) {
    let Some(known) = Schema::builtin()
        .named(name)
        .and_then(gantry_schema::TypeRef::object)
    else {
        return;
    };
    let properties = definition
        .get_mut("properties")
        .and_then(Value::as_object_mut);
    let Some(properties) = properties else { return };
    for field in &known.fields {
        if let Some(property) = properties
            .get_mut(&field.name)
            .and_then(Value::as_object_mut)
        {
            field_facts(field, property);
        }
    }
}

fn field_facts(field: &Field, property: &mut Map<String, Value>) {
    let mut put = |name: &str, value: Value| {
        property.insert(name.to_owned(), value);
    };
    if let Shape::List { kind, .. } = &field.shape {
        match kind {
            ListKind::Atomic => put("x-kubernetes-list-type", Value::from("atomic")),
            ListKind::Set => put("x-kubernetes-list-type", Value::from("set")),
            ListKind::Keyed(keys) => {
                put("x-kubernetes-list-type", Value::from("map"));
                put("x-kubernetes-list-map-keys", json!(keys));
            }
        }
    }
    if let Shape::Map { atomic: true, .. } | Shape::Object { atomic: true, .. } = &field.shape {
        put("x-kubernetes-map-type", Value::from("atomic"));
    }
    let strategies = [
        (field.patch.merge, "merge"),
        (field.patch.replace, "replace"),
        (field.patch.retain_keys, "retainKeys"),
    ];
    let chosen: Vec<&str> = strategies
        .iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, name)| *name)
        .collect();
    if !chosen.is_empty() {
        put("x-kubernetes-patch-strategy", Value::from(chosen.join(",")));
    }
    if let Some(key) = &field.patch.key {
        put("x-kubernetes-patch-merge-key", Value::from(key.as_str()));
    }
    if !field.allowed.is_empty() {
        put("enum", json!(field.allowed));
    }
}
