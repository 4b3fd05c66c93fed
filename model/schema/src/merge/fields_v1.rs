//! Field sets as they stand in `managedFields[].fieldsV1`.
//!
//! Each path element is a key; the value holds what is below. A path that is in the set and has
//! something below it is marked by an entry called `.`.

use serde_json::{Map, Value};

use super::element::PathElement;
use super::set::{FieldSet, SetNode};

const ITSELF: &str = ".";

/// A key of `fieldsV1` that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read the owned field {notation:?}")]
pub struct NotationError {
    /// The key as given.
    pub notation: String,
}

impl FieldSet {
    /// The set as `fieldsV1`.
    #[must_use]
    pub fn to_fields_v1(&self) -> Value {
        Value::Object(print(self))
    }

    /// Reads `fieldsV1`.
    pub fn from_fields_v1(fields: &Value) -> Result<Self, NotationError> {
        let mut nodes = Vec::new();
        let entries = fields.as_object().into_iter().flatten();
        for (notation, below) in entries.filter(|(notation, _)| *notation != ITSELF) {
            let error = || NotationError {
                notation: notation.clone(),
            };
            let element = PathElement::parse(notation).ok_or_else(error)?;
            let inner = below.as_object().ok_or_else(error)?;
            let is_member = inner.is_empty() || inner.contains_key(ITSELF);
            nodes.push(SetNode {
                element,
                is_member,
                below: Self::from_fields_v1(below)?,
            });
        }
        Ok(Self::of_nodes(nodes))
    }
}

fn print(set: &FieldSet) -> Map<String, Value> {
    set.nodes()
        .iter()
        .map(|node| (node.element.notation(), Value::Object(print_node(node))))
        .collect()
}

fn print_node(node: &SetNode) -> Map<String, Value> {
    let mut below = print(&node.below);
    if node.is_member && !below.is_empty() {
        below.insert(ITSELF.into(), Value::Object(Map::new()));
    }
    below
}
