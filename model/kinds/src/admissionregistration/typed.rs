//! What expressions may know of an object whose kind they judge: the fields of its published schema.

use std::collections::BTreeMap;

use gantry_cel::{ObjectType, Type};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::descriptor::Descriptor;

/// How deep the fields of a kind are looked at. What lies deeper can be anything.
const DEPTH_MAX: usize = 24;

/// Types that are written in more than one way, and can be anything for an expression.
const EITHER: [&str; 2] = ["IntOrString", "Quantity"];

/// The type of a kind's objects.
#[must_use]
pub(super) fn of(kind: &Descriptor) -> Type {
    let mut generator = SchemaGenerator::new(SchemaSettings::default());
    kind.hooks.publish(&mut generator);
    let reader = Reader {
        definitions: generator.definitions(),
    };
    reader.named(&kind.definition, &mut BTreeMap::new(), 0)
}

/// Reads types out of the definitions of schemas.
struct Reader<'a> {
    definitions: &'a Map<String, Value>,
}

/// Types that were read, by the names of their definitions; nothing for those that are being read.
type Known = BTreeMap<String, Option<Type>>;

impl Reader<'_> {
    fn named(&self, name: &str, known: &mut Known, depth: usize) -> Type {
        let short = name.rsplit('.').next().unwrap_or(name);
        if EITHER.contains(&short) {
            return Type::Dyn;
        }
        if let Some(own) = known.get(name) {
            // What contains itself can be anything inside.
            return own.clone().unwrap_or_default();
        }
        let Some(schema) = self.definitions.get(name) else {
            return Type::Dyn;
        };
        known.insert(name.to_owned(), None);
        let own = self.read((schema, short), known, depth);
        known.insert(name.to_owned(), Some(own.clone()));
        own
    }

    fn read(&self, (schema, name): (&Value, &str), known: &mut Known, depth: usize) -> Type {
        if depth == DEPTH_MAX {
            return Type::Dyn;
        }
        let text = |field: &str| schema.get(field).and_then(Value::as_str).unwrap_or("");
        if let Some((_, name)) = text("$ref").rsplit_once('/') {
            return self.named(name, known, depth + 1);
        }
        if let Some([only]) = schema
            .get("allOf")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            return self.read((only, name), known, depth + 1);
        }
        match (kind(schema), text("format")) {
            ("boolean", _) => Type::Bool,
            ("integer", _) => Type::Int,
            ("number", _) => Type::Double,
            ("string", "date-time") => Type::Time,
            ("string", "byte") => Type::Bytes,
            ("string", "int-or-string") => Type::Dyn,
            ("string", _) => Type::Text,
            ("array", _) => {
                let items = schema.get("items").unwrap_or(&Value::Null);
                Type::list(self.read((items, name), known, depth + 1))
            }
            ("object", _) => self.object((schema, name), known, depth),
            _ => Type::Dyn,
        }
    }

    fn object(&self, (schema, name): (&Value, &str), known: &mut Known, depth: usize) -> Type {
        if let Some(fields) = schema.get("properties").and_then(Value::as_object) {
            let own = fields
                .iter()
                .fold(ObjectType::new(name), |own, (field, schema)| {
                    own.with(field, self.read((schema, field), known, depth + 1))
                });
            return Type::object(own);
        }
        match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) => {
                Type::map(self.read((values, name), known, depth + 1))
            }
            _ => Type::Dyn,
        }
    }
}

/// The type that a schema names; the one beside null when there are two.
fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            let named = kinds.iter().filter_map(Value::as_str);
            named.into_iter().find(|kind| *kind != "null").unwrap_or("")
        }
        _ => "",
    }
}
