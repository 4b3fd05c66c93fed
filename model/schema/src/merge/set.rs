//! A set of field paths, as a tree.
//!
//! The children of a node are sorted by element, so that unions and differences are one pass over
//! both sides. No node is kept that is neither in the set nor has something below it.

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
            set.union(path.unwrap_or_default())
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
                    let (one, other) = (&mut first.below, &mut later.below);
                    *one = std::mem::take(one).union(std::mem::take(other));
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
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        let mut nodes = Vec::with_capacity(self.nodes.len() + other.nodes.len());
        let mut more = other.nodes.into_iter().peekable();
        for mut node in self.nodes {
            while let Some(earlier) = more.next_if(|other| other.element < node.element) {
                nodes.push(earlier);
            }
            if let Some(same) = more.next_if(|other| other.element == node.element) {
                node.is_member |= same.is_member;
                node.below = node.below.union(same.below);
            }
            nodes.push(node);
        }
        nodes.extend(more);
        Self { nodes }
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let common = self.nodes.iter().filter_map(|node| {
            let same = other.find(&node.element)?;
            Some(SetNode {
                element: node.element.clone(),
                is_member: node.is_member && same.is_member,
                below: node.below.intersection(&same.below),
            })
        });
        Self {
            nodes: common.filter(|node| !node.is_empty()).collect(),
        }
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn difference(mut self, other: &Self) -> Self {
        self.retain_outside(other, |node, same| {
            node.is_member &= !same.is_member;
            node.below = std::mem::take(&mut node.below).difference(&same.below);
        });
        self
    }

    /// What is in this set and neither in the other nor below something that is.
    #[must_use]
    pub fn outside(mut self, other: &Self) -> Self {
        self.retain_outside(other, |node, same| {
            node.is_member &= !same.is_member;
            let below = std::mem::take(&mut node.below);
            node.below = if same.is_member {
                Self::new()
            } else {
                below.outside(&same.below)
            };
        });
        self
    }

    /// Lets `reduce` take from each node that the other set has too; keeps what is left.
    fn retain_outside(&mut self, other: &Self, mut reduce: impl FnMut(&mut SetNode, &SetNode)) {
        if other.is_empty() {
            return;
        }
        self.nodes.retain_mut(|node| {
            if let Some(same) = other.find(&node.element) {
                reduce(node, same);
            }
            !node.is_empty()
        });
    }

    /// The set, and the named fields of objects that have something of the set below them. Keys
    /// of maps and items of lists are not added: they belong to whoever put them there.
    #[must_use]
    pub fn with_named_fields(&self, ty: TypeRef<'_>) -> Self {
        let nodes = self.nodes.iter().map(|node| {
            let (child, is_named) = match &node.element {
                PathElement::Field(name) => {
                    let (field, child) = ty.look_up(name);
                    (child, field.is_some())
                }
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
