//! What changed between two versions of an object, as field sets.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::element::PathElement;
use super::set::{FieldSet, SetNode};
use super::structure::{Structure, added, added_field, item_element_or_place, structure};
use crate::schema::TypeRef;

/// The fields in which two objects differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Those that were added or have another value now.
    pub(super) changed: FieldSet,
    /// Those that are gone.
    pub(super) removed: FieldSet,
}

impl Difference {
    /// The same without what is in or below `fields`.
    pub(super) fn outside(self, fields: &FieldSet) -> Self {
        Self {
            changed: self.changed.outside(fields),
            removed: self.removed.outside(fields),
        }
    }
}

/// Compares two values of one type.
pub(super) fn compare(old: &Value, new: &Value, ty: TypeRef<'_>) -> Difference {
    match (structure(old, ty), structure(new, ty)) {
        (Structure::Fields(old), Structure::Fields(new)) => compare_fields(old, new, ty),
        (Structure::Items(old), Structure::Items(new)) => compare_items(old, new, ty),
        // One is a leaf: the parent records the value itself.
        _ => Difference {
            changed: added(new, ty),
            removed: added(old, ty),
        },
    }
}

/// Compares the fields of an object with what they became.
pub(super) fn compare_with_fields(
    old: &Map<String, Value>,
    new: &Value,
    ty: TypeRef<'_>,
) -> Difference {
    match structure(new, ty) {
        Structure::Fields(new) => compare_fields(old, new, ty),
        Structure::Items(_) | Structure::Leaf => Difference {
            changed: added(new, ty),
            removed: FieldSet::new(),
        },
    }
}

#[derive(Default)]
struct Nodes {
    changed: Vec<SetNode>,
    removed: Vec<SetNode>,
}

impl Nodes {
    fn finish(self) -> Difference {
        Difference {
            changed: FieldSet::of_nodes(self.changed),
            removed: FieldSet::of_nodes(self.removed),
        }
    }

    fn remove(&mut self, element: PathElement, old: &Value, ty: TypeRef<'_>) {
        self.removed.push(SetNode {
            element,
            is_member: true,
            below: added(old, ty),
        });
    }

    /// Records how the value at `element` differs, when both sides have it.
    fn both(&mut self, element: PathElement, old: &Value, new: &Value, ty: TypeRef<'_>) {
        let has_leaf = matches!(structure(old, ty), Structure::Leaf)
            || matches!(structure(new, ty), Structure::Leaf);
        // For lists the comparison is cheaper than telling their items apart.
        if (has_leaf || old.is_array()) && old == new {
            return;
        }
        let inner = compare(old, new, ty);
        let removed = SetNode {
            element: element.clone(),
            is_member: false,
            below: inner.removed,
        };
        self.removed.push(removed);
        self.changed.push(SetNode {
            element,
            is_member: has_leaf,
            below: inner.changed,
        });
    }
}

fn compare_fields(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    ty: TypeRef<'_>,
) -> Difference {
    let mut nodes = Nodes::default();
    let (mut left, mut right) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some((left, _)), Some((right, _))) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return nodes.finish(),
        };
        let gone = if order.is_le() { left.next() } else { None };
        let here = if order.is_ge() { right.next() } else { None };
        match (gone, here) {
            (Some((name, old)), Some((_, new))) => {
                nodes.both(PathElement::field(name), old, new, ty.child(name));
            }
            (Some((name, old)), None) => {
                nodes.remove(PathElement::field(name), old, ty.child(name))
            }
            (None, Some((name, new))) => nodes.changed.push(added_field(name, new, ty)),
            (None, None) => {}
        }
    }
}

fn compare_items(old: &[Value], new: &[Value], ty: TypeRef<'_>) -> Difference {
    let mut nodes = Nodes::default();
    let mut before = by_element(old, ty);
    for (element, new) in by_element(new, ty) {
        match before.remove(&element) {
            Some(old) => compare_same(element, &old, &new, ty, &mut nodes),
            None => nodes.changed.push(SetNode {
                element,
                is_member: true,
                below: new
                    .first()
                    .map(|item| added(item, ty.item()))
                    .unwrap_or_default(),
            }),
        }
    }
    for (element, old) in before {
        if let Some(item) = old.first() {
            nodes.remove(element, item, ty.item());
        }
    }
    nodes.finish()
}

/// Items that cannot be told apart are owned together, as one piece.
fn compare_same(
    element: PathElement,
    old: &[&Value],
    new: &[&Value],
    ty: TypeRef<'_>,
    nodes: &mut Nodes,
) {
    match (old, new) {
        ([old], [new]) => nodes.both(element, old, new, ty.item()),
        _ if old == new => {}
        _ => nodes.changed.push(SetNode::leaf(element)),
    }
}

fn by_element<'v>(items: &'v [Value], ty: TypeRef<'_>) -> BTreeMap<PathElement, Vec<&'v Value>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        found
            .entry(item_element_or_place(item, place, ty))
            .or_default()
            .push(item);
    }
    found
}
