//! From the `openAPIV3Schema` of a custom resource definition to a schema.
//!
//! Total: whether the definition is acceptable is decided elsewhere, and what it leaves open is
//! open here. Formats are not shapes for custom kinds: their texts stay as they are written.
//! Bounds, patterns and rules are not kept; they belong to validation.

use serde_json::Value;

use super::{Field, ListKind, ObjectId, PatchStrategy, Schema, Shape};

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

impl Schema {
    /// The schema of a custom kind, and the id of its type. `apiVersion`, `kind` and `metadata`
    /// are those of every object, whatever the definition says of them.
    #[must_use]
    pub fn custom(definition: &Value) -> (Self, ObjectId) {
        let mut schema = Self::default();
        let id = schema.structural_object(definition, IsObject::Whole);
        (schema, id)
    }

    fn structural(&mut self, definition: &Value) -> Shape {
        if is_set(definition, "x-kubernetes-int-or-string") {
            return Shape::IntOrText;
        }
        let is_atomic = definition["x-kubernetes-map-type"] == "atomic";
        match definition["type"].as_str() {
            Some("string") => Shape::Text,
            Some("boolean") => Shape::Bool,
            Some("number") => Shape::Number,
            Some("integer") if definition["format"] == "int32" => Shape::Integer { bits: 32 },
            Some("integer") => Shape::Integer { bits: 64 },
            Some("array") => Shape::List {
                item: Box::new(self.structural(&definition["items"])),
                kind: list_kind(definition),
            },
            Some("object") if is_set(definition, "x-kubernetes-embedded-resource") => {
                let id = self.structural_object(definition, IsObject::Whole);
                Shape::Object {
                    id,
                    atomic: is_atomic,
                }
            }
            Some("object") => match additional_properties(definition) {
                Some(entries) => Shape::Map {
                    value: Box::new(self.structural(entries)),
                    atomic: is_atomic,
                },
                None => {
                    let id = self.structural_object(definition, IsObject::Part);
                    Shape::Object {
                        id,
                        atomic: is_atomic,
                    }
                }
            },
            _ => Shape::Free,
        }
    }

    fn structural_object(&mut self, definition: &Value, is_object: IsObject) -> ObjectId {
        let id = self.declare("");
        let required = definition["required"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let mut fields = Vec::new();
        if is_object == IsObject::Whole {
            fields.extend(self.fields_of_every_object());
        }
        for (name, definition) in definition["properties"].as_object().into_iter().flatten() {
            if fields.iter().all(|field: &Field| field.name != *name) {
                let shape = self.structural(definition);
                fields.push(Field {
                    required: required.iter().any(|required| required == name),
                    nullable: is_set(definition, "nullable"),
                    allowed: texts(&definition["enum"]),
                    default: definition.get("default").cloned(),
                    ..plain(name, shape)
                });
            }
        }
        self.define(
            id,
            is_set(definition, "x-kubernetes-preserve-unknown-fields"),
            fields,
        );
        self.keep_misfits(id);
        id
    }

    fn fields_of_every_object(&mut self) -> [Field; 3] {
        let meta = Self::builtin()
            .named(OBJECT_META)
            .expect("the table has the metadata type");
        let meta = self.import(meta);
        [
            plain("apiVersion", Shape::Text),
            plain("kind", Shape::Text),
            plain("metadata", meta),
        ]
    }
}

/// The definition of a map's entries, if the object is a map.
fn additional_properties(definition: &Value) -> Option<&Value> {
    definition
        .get("additionalProperties")
        .filter(|entries| entries.is_object() || **entries == true)
}

/// Whether an object is a whole API object or a part of one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IsObject {
    Whole,
    Part,
}

fn plain(name: &str, shape: Shape) -> Field {
    Field {
        name: name.into(),
        shape,
        required: false,
        nullable: false,
        patch: PatchStrategy::default(),
        allowed: Vec::new(),
        default: None,
    }
}

fn is_set(definition: &Value, marker: &str) -> bool {
    definition[marker] == true
}

fn list_kind(definition: &Value) -> ListKind {
    match definition["x-kubernetes-list-type"].as_str() {
        Some("set") => ListKind::Set,
        Some("map") => {
            let mut keys = texts(&definition["x-kubernetes-list-map-keys"]);
            keys.sort();
            ListKind::Keyed(keys)
        }
        _ => ListKind::Atomic,
    }
}

/// The texts of a list, if all of it is text.
fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().map_or(&[][..], Vec::as_slice);
    let texts: Option<Vec<String>> = items.iter().map(|i| i.as_str().map(String::from)).collect();
    texts.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Format, decode, default};

    fn widget() -> (Schema, ObjectId) {
        Schema::custom(&json!({"type": "object", "properties": {
            "metadata": {"type": "object"},
            "spec": {"type": "object", "required": ["size"], "properties": {
                "size": {"type": "integer", "default": 3},
                "port": {"x-kubernetes-int-or-string": true},
                "mode": {"type": "string", "enum": ["a", "b"], "nullable": true},
                "since": {"type": "string", "format": "date-time"},
                "parts": {"type": "array", "x-kubernetes-list-type": "map",
                          "x-kubernetes-list-map-keys": ["name"],
                          "items": {"type": "object", "properties": {
                              "name": {"type": "string"}, "on": {"type": "boolean", "default": true}}}},
                "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            }},
        }}))
    }

    #[test]
    fn a_custom_object_is_decoded_as_strictly_as_any() {
        let (schema, id) = widget();
        let body = r#"{"kind": "Widget", "metadata": {"name": "w", "labelz": {}}, "spec": {
            "size": 1, "port": "http", "mode": null, "since": "2024-01-01T00:00:00.5Z",
            "parts": [{"name": "p", "of": 1}], "extra": {"any": [1, null]}, "sise": 2}}"#;
        let document = decode::parse(body.as_bytes(), Format::Json).unwrap();
        let decoded = document.typed(schema.object(id)).unwrap();
        assert_eq!(
            decoded.value["spec"],
            json!({"size": 1, "port": "http", "mode": null, "since": "2024-01-01T00:00:00.5Z",
                   "parts": [{"name": "p"}], "extra": {"any": [1, null]}})
        );
        let paths: Vec<String> = decoded.findings.iter().map(|f| f.undeclared()).collect();
        assert_eq!(
            paths,
            [
                ".metadata.labelz: field not declared in schema",
                ".spec.parts[0].of: field not declared in schema",
                ".spec.sise: field not declared in schema",
            ]
        );
    }

    #[test]
    fn defaults_are_filled_in_where_their_object_is() {
        let (schema, id) = widget();
        let mut value = json!({"spec": {"parts": [{"name": "p"}, {"name": "q", "on": false}]}});
        default::default(&mut value, schema.object(id));
        assert_eq!(
            value,
            json!({"spec": {"size": 3, "parts": [
                {"name": "p", "on": true}, {"name": "q", "on": false}]}})
        );
        let mut bare = json!({});
        default::default(&mut bare, schema.object(id));
        assert_eq!(bare, json!({}));
    }
}
