//! A set of field paths, as a tree.
//!
//! The children of a node are sorted by element, so that unions and differences are one pass over
//! both sides. No node is kept that is neither in the set nor has something below it.

use std::cmp::Ordering;

use super::element::PathElement;
use crate::schema::{Shape, TypeRef};

/// The fields that somebody owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    nodes: Vec<SetNode>,
}

/// A path element, whether the path that ends here is in the set, and what is below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SetNode {
    pub(super) element: PathElement,
    pub(super) is_member: bool,
    pub(super) below: FieldSet,
}

impl SetNode {
    pub(super) const fn leaf(element: PathElement) -> Self {
        Self {
            element,
            is_member: true,
            below: FieldSet { nodes: Vec::new() },
        }
    }

    fn is_empty(&self) -> bool {
        !self.is_member && self.below.is_empty()
    }
}

impl FieldSet {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self { nodes: Vec::new() }
    }

    /// The set of these paths, each a list of field names.
    #[must_use]
    pub fn of_paths(paths: &[&[&str]]) -> Self {
        paths.iter().fold(Self::new(), |set, path| {
            let path = path.iter().rev().fold(None, |below: Option<Self>, name| {
                let is_member = below.is_none();
                let below = below.unwrap_or_default();
                let element = PathElement::field(name);
                Some(Self {
                    nodes: vec![SetNode {
                        element,
                        is_member,
                        below,
                    }],
                })
            });
            set.union(&path.unwrap_or_default())
        })
    }

    /// The set of these nodes, in any order; several of the same element become one.
    pub(super) fn of_nodes(mut nodes: Vec<SetNode>) -> Self {
        nodes.retain(|node| !node.is_empty());
        if !nodes.is_sorted_by(|left, right| left.element < right.element) {
            nodes.sort_by(|left, right| left.element.cmp(&right.element));
            nodes.dedup_by(|later, first| {
                let is_same = later.element == first.element;
                if is_same {
                    first.is_member |= later.is_member;
                    first.below = first.below.union(&later.below);
                }
                is_same
            });
        }
        Self { nodes }
    }

    pub(super) fn nodes(&self) -> &[SetNode] {
        &self.nodes
    }

    /// Whether no field is in the set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether the path is in the set.
    #[must_use]
    pub fn contains(&self, path: &[PathElement]) -> bool {
        let Some((first, rest)) = path.split_first() else {
            return false;
        };
        let Some(node) = self.find(first) else {
            return false;
        };
        if rest.is_empty() {
            node.is_member
        } else {
            node.below.contains(rest)
        }
    }

    pub(super) fn find(&self, element: &PathElement) -> Option<&SetNode> {
        let index = self
            .nodes
            .binary_search_by(|node| node.element.cmp(element))
            .ok()?;
        Some(&self.nodes[index])
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.joined(other, |left, right| match (left, right) {
            (Some(left), Some(right)) => Some(SetNode {
                element: left.element.clone(),
                is_member: left.is_member || right.is_member,
                below: left.below.union(&right.below),
            }),
            (one, other) => one.or(other).cloned(),
        })
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.joined(other, |left, right| {
            let (left, right) = (left?, right?);
            Some(SetNode {
                element: left.element.clone(),
                is_member: left.is_member && right.is_member,
                below: left.below.intersection(&right.below),
            })
        })
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.joined(other, |left, right| {
            let (left, Some(right)) = (left?, right) else {
                return left.cloned();
            };
            Some(SetNode {
                element: left.element.clone(),
                is_member: left.is_member && !right.is_member,
                below: left.below.difference(&right.below),
            })
        })
    }

    /// What is in this set and neither in the other nor below something that is.
    #[must_use]
    pub fn outside(&self, other: &Self) -> Self {
        self.joined(other, |left, right| {
            let (left, Some(right)) = (left?, right) else {
                return left.cloned();
            };
            (!right.is_member).then(|| SetNode {
                element: left.element.clone(),
                is_member: left.is_member,
                below: left.below.outside(&right.below),
            })
        })
    }

    /// Walks both sides in order and keeps what `join` makes of each element.
    fn joined(
        &self,
        other: &Self,
        join: impl Fn(Option<&SetNode>, Option<&SetNode>) -> Option<SetNode>,
    ) -> Self {
        let mut nodes = Vec::with_capacity(self.nodes.len().max(other.nodes.len()));
        let (mut left, mut right) = (self.nodes.iter().peekable(), other.nodes.iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some(left), Some(right)) => left.element.cmp(&right.element),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return Self { nodes },
            };
            let from_left = if order.is_le() { left.next() } else { None };
            let from_right = if order.is_ge() { right.next() } else { None };
            nodes.extend(join(from_left, from_right).filter(|node| !node.is_empty()));
        }
    }

    /// The set, and the named fields of objects that have something of the set below them. Keys
    /// of maps and items of lists are not added: they belong to whoever put them there.
    #[must_use]
    pub fn with_named_fields(&self, ty: TypeRef<'_>) -> Self {
        let nodes = self.nodes.iter().map(|node| {
            let (child, is_named) = match &node.element {
                PathElement::Field(name) => (ty.child(name), ty.field(name).is_some()),
                PathElement::Key(_) | PathElement::Value(_) | PathElement::Index(_) => {
                    (ty.item(), false)
                }
            };
            SetNode {
                element: node.element.clone(),
                is_member: node.is_member || is_named,
                below: node.below.with_named_fields(child),
            }
        });
        Self {
            nodes: nodes.collect(),
        }
    }

    /// Every path in the set, as messages show them.
    #[must_use]
    pub fn shown(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.show("", &mut paths);
        paths
    }

    fn show(&self, before: &str, paths: &mut Vec<String>) {
        for node in &self.nodes {
            let path = format!("{before}{}", node.element);
            if node.is_member {
                paths.push(path.clone());
            }
            node.below.show(&path, paths);
        }
    }
}

/// Whether values of this type are objects whose fields the schema names.
pub(super) const fn is_named_object(ty: TypeRef<'_>) -> bool {
    matches!(ty.shape(), Shape::Object { .. })
}
