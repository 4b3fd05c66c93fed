//! How a value is made up for the purposes of ownership, and what is owned of it.

use serde_json::{Map, Value};

use super::element::PathElement;
use super::set::{FieldSet, SetNode, is_named_object};
use crate::schema::{ListKind, Shape, TypeRef};

/// A value by its parts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Structure<'v> {
    /// Owned as one piece.
    Leaf,
    /// Fields of an object, or entries of a map.
    Fields(&'v Map<String, Value>),
    /// Items of a set or of a keyed list.
    Items(&'v [Value]),
}

/// Takes a value apart as its type says.
pub(super) fn structure<'v>(value: &'v Value, ty: TypeRef<'_>) -> Structure<'v> {
    if let Value::Object(map) = value
        && is_granular(ty.shape())
    {
        return Structure::Fields(map);
    }
    if let Value::Array(items) = value
        && is_associative(ty.shape())
    {
        return Structure::Items(items);
    }
    Structure::Leaf
}

const fn is_granular(shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::Free | Shape::Object { atomic: false, .. } | Shape::Map { atomic: false, .. }
    )
}

const fn is_associative(shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::List {
            kind: ListKind::Set | ListKind::Keyed(_),
            ..
        }
    )
}

/// What tells an item of a list of type `ty` apart; `None` if a key is missing.
pub(super) fn item_element(item: &Value, ty: TypeRef<'_>) -> Option<PathElement> {
    if let Shape::List {
        kind: ListKind::Keyed(keys),
        ..
    } = ty.shape()
    {
        PathElement::key(item, keys, ty.item())
    } else {
        Some(PathElement::value(item))
    }
}

/// The same, falling back to the item's place. For objects that are stored already.
pub(super) fn item_element_or_place(item: &Value, place: usize, ty: TypeRef<'_>) -> PathElement {
    item_element(item, ty).unwrap_or(PathElement::Index(place))
}

/// An item of a list without one of the fields that tell items apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an item of an associative list omits one of its key fields")]
pub struct MissingKey;

/// What somebody who applies this value owns: the leaves, the items and the entries of maps, but
/// not the objects and lists around them.
pub(super) fn applied(value: &Value, ty: TypeRef<'_>) -> Result<FieldSet, MissingKey> {
    let mut nodes = Vec::new();
    match structure(value, ty) {
        Structure::Leaf => {}
        Structure::Fields(map) => {
            for (name, value) in map {
                let (field, child) = ty.look_up(name);
                let is_leaf = match structure(value, child) {
                    Structure::Leaf => true,
                    Structure::Fields(map) => map.is_empty(),
                    Structure::Items(_) => false,
                };
                nodes.push(SetNode {
                    element: PathElement::field(name),
                    is_member: is_leaf || field.is_none(),
                    below: applied(value, child)?,
                });
            }
        }
        Structure::Items(items) => {
            for item in items {
                nodes.push(SetNode {
                    element: item_element(item, ty).ok_or(MissingKey)?,
                    is_member: true,
                    below: applied(item, ty.item())?,
                });
            }
        }
    }
    Ok(FieldSet::of_nodes(nodes))
}

/// What somebody who adds this value owns: also the lists and maps, since they were not there.
/// Objects whose fields the schema names, and lists that must be there, are nobody's.
pub(super) fn added(value: &Value, ty: TypeRef<'_>) -> FieldSet {
    FieldSet::of_nodes(match structure(value, ty) {
        Structure::Leaf => Vec::new(),
        Structure::Fields(map) => map
            .iter()
            .map(|(name, value)| added_field(name, value, ty))
            .collect(),
        Structure::Items(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(place, item)| SetNode {
                    element: item_element_or_place(item, place, ty),
                    is_member: true,
                    below: added(item, ty.item()),
                })
                .collect()
        }
    })
}

/// A field that was not there before, and all below it.
pub(super) fn added_field(name: &str, value: &Value, ty: TypeRef<'_>) -> SetNode {
    let (field, child) = ty.look_up(name);
    let is_required = field.is_some_and(|field| field.required);
    let below = added(value, child);
    SetNode {
        element: PathElement::field(name),
        is_member: below.is_empty() || !(is_named_object(child) || is_required),
        below,
    }
}
