//! What a schema says of values, as far as expressions need it: their types, how large they can
//! become, and how little room they take.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_cel::{Extent, ObjectType, Type, Unordered, escaped};
use serde_json::{Map, Value};

/// Bytes of the largest request. Nothing in an object is larger.
pub(super) const REQUEST_BYTES: u64 = 3 << 20;

/// Bytes of a moment and of a span of time, at most.
const TIME_BYTES: u64 = 32;
/// Bytes of a day.
const DATE_BYTES: u64 = 12;

/// What is known of the values of a schema.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    /// What expressions are checked with.
    pub(super) checked: Type,
    /// What values are read with.
    pub(super) read: Type,
    pub(super) extent: Extent,
    /// The fewest bytes that it takes in JSON.
    pub(super) least: u64,
}

/// A schema with what was found out about it, and the same of all below it.
#[derive(Debug)]
pub(super) struct Sketch<'s> {
    pub(super) schema: &'s Value,
    /// Nothing when values can be anything: expressions do not see them.
    pub(super) declared: Option<Declared>,
    pub(super) fields: Vec<(&'s str, Sketch<'s>)>,
    pub(super) entries: Option<Box<Sketch<'s>>>,
    pub(super) item: Option<Box<Sketch<'s>>>,
}

/// Whether there is a rule anywhere in a schema.
pub(super) fn has_rules(schema: &Value) -> bool {
    let is_given = |schema: &Value| !rules(schema).is_empty();
    let children = schema["properties"].as_object().into_iter().flatten();
    is_given(schema)
        || children.map(|(_, own)| own).any(has_rules)
        || schema.get("items").is_some_and(has_rules)
        || schema.get("additionalProperties").is_some_and(has_rules)
}

/// The rules of a schema itself.
pub(super) fn rules(schema: &Value) -> &[Value] {
    let rules = schema["x-kubernetes-validations"].as_array();
    rules.map_or(&[], Vec::as_slice)
}

impl<'s> Sketch<'s> {
    /// The sketch of a whole object.
    pub(super) fn root(schema: &'s Value) -> Self {
        Self::of(schema, true)
    }

    fn of(schema: &'s Value, is_whole: bool) -> Self {
        let is_embedded = |own: &Value| own["x-kubernetes-embedded-resource"] == true;
        let child = |name: &str| {
            let own = schema.get(name).filter(|own| own.is_object())?;
            Some(Box::new(Self::of(own, is_embedded(own))))
        };
        let properties = schema["properties"].as_object().into_iter().flatten();
        let mut sketch = Sketch {
            schema,
            declared: None,
            fields: properties
                .filter(|(name, _)| !(is_whole && is_implied(name)))
                .map(|(name, own)| (name.as_str(), Self::of(own, is_embedded(own))))
                .collect(),
            entries: child("additionalProperties"),
            item: child("items"),
        };
        sketch.declared = sketch.declare(is_whole);
        sketch
    }

    fn declare(&self, is_whole: bool) -> Option<Declared> {
        if self.schema["x-kubernetes-int-or-string"] == true {
            return Some(Declared {
                extent: Extent::either(REQUEST_BYTES - 2),
                ..scalar(Type::Dyn, 1)
            });
        }
        match self.schema["type"].as_str()? {
            "boolean" => Some(scalar(Type::Bool, 4)),
            "integer" => Some(scalar(Type::Int, 1)),
            "number" => Some(scalar(Type::Double, 1)),
            "string" => Some(text(self.schema)),
            "array" => self.list(),
            "object" => match &self.entries {
                Some(entries) => Some(self.map(entries.declared.as_ref()?)),
                None => Some(self.object(is_whole)),
            },
            _ => None,
        }
    }

    fn list(&self) -> Option<Declared> {
        let of = self.item.as_ref()?.declared.as_ref()?;
        let keys = keys(self.schema);
        let is_unordered = self.schema["x-kubernetes-list-type"] == "set" || !keys.is_empty();
        let keys = keys.iter().filter_map(|key| escaped(key)).collect();
        let read = || of.read.clone();
        Some(Declared {
            checked: Type::list(of.checked.clone()),
            read: match is_unordered {
                true => Type::Unordered(Arc::new(Unordered { of: read(), keys })),
                false => Type::list(read()),
            },
            extent: Extent::list(self.most("maxItems", of.least + 1), of.extent.clone()),
            least: 2,
        })
    }

    fn map(&self, of: &Declared) -> Declared {
        let most = self.most("maxProperties", of.least + 6);
        Declared {
            checked: Type::map(of.checked.clone()),
            read: Type::map(of.read.clone()),
            extent: Extent::map(most, of.extent.clone()),
            least: 2,
        }
    }

    /// How many parts there can be: as many as are allowed, or as find room in a request.
    fn most(&self, limit: &str, each: u64) -> u64 {
        let allowed = self.schema[limit].as_u64();
        allowed.unwrap_or_else(|| (REQUEST_BYTES - 2) / each)
    }

    fn object(&self, is_whole: bool) -> Declared {
        let (mut checked, mut read) = (ObjectType::new("object"), ObjectType::new("object"));
        let mut extents = BTreeMap::new();
        let mut least = 2;
        let implied = if is_whole { implied() } else { Vec::new() };
        let own = self.fields.iter();
        let own = own.filter_map(|(name, own)| Some((*name, own.declared.clone()?)));
        for (stored, of) in implied.into_iter().chain(own) {
            if is_required(self.schema, stored) {
                least += u64::try_from(stored.len()).unwrap_or(0) + of.least + 4;
            }
            let Some(name) = escaped(stored) else {
                continue;
            };
            extents.insert(name.clone(), of.extent);
            checked = field(checked, (&name, stored), of.checked);
            read = field(read, (&name, stored), of.read);
        }
        Declared {
            checked: Type::object(checked),
            read: Type::object(read),
            extent: Extent::object(extents),
            least,
        }
    }
}

fn field(object: ObjectType, (name, stored): (&str, &str), of: Type) -> ObjectType {
    if name == stored {
        object.with(name, of)
    } else {
        object.with_escaped(name.to_owned(), stored.to_owned(), of)
    }
}

/// Whether a field must be given, and takes room therefore.
fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema["required"].as_array();
    let is_named = required.is_some_and(|all| all.iter().any(|own| own == name));
    is_named && schema["properties"][name].get("default").is_none()
}

const fn is_implied(name: &str) -> bool {
    matches!(name.as_bytes(), b"apiVersion" | b"kind" | b"metadata")
}

/// What every whole object has, as far as expressions see it.
fn implied() -> Vec<(&'static str, Declared)> {
    let word = || text(&Value::Null);
    let named = [("generateName", word()), ("name", word())];
    let metadata = named
        .iter()
        .fold(ObjectType::new("object"), |all, (name, of)| {
            all.with(*name, of.checked.clone())
        });
    let metadata = Type::object(metadata);
    let extents = named
        .into_iter()
        .map(|(name, of)| (name.to_owned(), of.extent));
    let metadata = Declared {
        checked: metadata.clone(),
        read: metadata,
        extent: Extent::object(extents.collect()),
        least: 2,
    };
    vec![
        ("apiVersion", word()),
        ("kind", word()),
        ("metadata", metadata),
    ]
}

fn scalar(of: Type, least: u64) -> Declared {
    Declared {
        checked: of.clone(),
        read: of,
        extent: Extent::SCALAR,
        least,
    }
}

fn text(schema: &Value) -> Declared {
    let (of, most) = match schema["format"].as_str() {
        Some("byte") => (Type::Bytes, longest(schema, 1)),
        Some("duration") => (Type::Span, TIME_BYTES),
        Some("date") => (Type::Time, DATE_BYTES),
        Some("date-time") => (Type::Time, TIME_BYTES),
        // A character takes four bytes at most.
        _ => (Type::Text, longest(schema, 4)),
    };
    Declared {
        extent: Extent::text(most),
        ..scalar(of, 2)
    }
}

fn longest(schema: &Value, bytes: u64) -> u64 {
    let known = schema["enum"].as_array().filter(|known| !known.is_empty());
    if let Some(known) = known {
        let lengths = known.iter().filter_map(Value::as_str).map(str::len);
        return u64::try_from(lengths.max().unwrap_or(0)).unwrap_or(u64::MAX);
    }
    let allowed = schema["maxLength"].as_u64();
    allowed.map_or(REQUEST_BYTES - 2, |most| most.saturating_mul(bytes))
}

/// The fields that tell the items of a list apart, if it is one that has such.
pub(super) fn keys(schema: &Value) -> Vec<String> {
    if schema["x-kubernetes-list-type"] != "map" {
        return Vec::new();
    }
    let keys = schema["x-kubernetes-list-map-keys"].as_array();
    let keys = keys.into_iter().flatten().filter_map(Value::as_str);
    keys.map(str::to_owned).collect()
}

/// What a schema says of the field `name` of its objects.
pub(super) fn property<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let properties: &Map<String, Value> = schema["properties"].as_object()?;
    properties.get(name)
}
