//! The schema of a custom kind as clients read it.

use serde_json::{Map, Value, json};

use crate::descriptor::Names;

/// Where the generator of published schemas keeps what is referred to.
const METADATA: &str = "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The name of the schema: the group back to front, the version, the kind.
pub(super) fn name(names: &Names) -> String {
    let group: Vec<&str> = names.group.split('.').rev().collect();
    format!("{}.{}.{}", group.join("."), names.version, names.kind)
}

/// The definition's own schema, and what every object has.
pub(super) fn schema(definition: &Value) -> Value {
    let mut schema = definition.clone();
    if !schema.is_object() {
        schema = json!({"type": "object"});
    }
    let properties = schema.as_object_mut().map(|schema| {
        schema
            .entry("properties")
            .or_insert_with(|| Map::new().into())
    });
    if let Some(properties) = properties.and_then(Value::as_object_mut) {
        let every = [
            (
                "apiVersion",
                json!({"type": "string", "description": "The version of this form of the object."}),
            ),
            (
                "kind",
                json!({"type": "string", "description": "What the object is."}),
            ),
            (
                "metadata",
                json!({"$ref": METADATA, "description": "What all objects have."}),
            ),
        ];
        for (name, schema) in every {
            properties.insert(name.to_owned(), schema);
        }
    }
    schema
}
