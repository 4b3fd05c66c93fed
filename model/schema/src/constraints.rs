//! What the schema of a custom kind asks of values, beyond their shape: types, bounds, patterns,
//! formats, alternatives, lists without duplicates.
//!
//! Read once from the definition into a tree, which every object is then checked against. The
//! messages are those that clients of custom kinds know. A value that was the same before is not
//! refused for what is asked of it only now. Rules written as expressions are not kept here.

mod allowed;
mod alternatives;
mod check;
mod format;
mod number;
mod read;
mod unique;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use gantry_api::FieldErrors;
use gantry_base::FieldPath;
use serde_json::{Map, Value};

use crate::pattern::Pattern;
use crate::schema::ListKind;
use allowed::Allowed;
use check::Walk;
use format::Format;
use number::Numbers;

/// The fields of an object.
type Tree = Map<String, Value>;

/// What the schema of a custom kind asks of its objects.
#[derive(Clone, Debug)]
pub struct Constraints {
    root: Node,
}

/// What is asked of one value.
#[derive(Clone, Debug, Default)]
struct Node {
    /// The types it may have; any when there are none.
    types: &'static [&'static str],
    nullable: bool,
    format: Option<Format>,
    allowed: Allowed,
    numbers: Numbers,
    /// In characters.
    length: Bounds,
    pattern: Option<Pattern>,
    /// Of a list.
    items: Bounds,
    item: Option<Box<Node>>,
    list: Option<ListKind>,
    /// Of an object.
    members: Bounds,
    required: Vec<String>,
    properties: BTreeMap<String, Node>,
    entries: Option<Box<Node>>,
    /// Whether it is an object of a kind of its own, which says which.
    is_embedded: bool,
    all_of: Vec<Node>,
    any_of: Vec<Node>,
    one_of: Vec<Node>,
    not: Option<Box<Node>>,
}

/// How much of something there may be.
#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
    least: Option<u64>,
    most: Option<u64>,
}

impl Constraints {
    /// Reads the `openAPIV3Schema` of a definition that was found to be valid.
    #[must_use]
    pub fn read(definition: &Value) -> Self {
        let root = read::root(definition);
        Self { root }
    }

    /// Everything that is wrong with an object that replaces `old`.
    #[must_use]
    pub fn check(&self, object: &Tree, old: Option<&Tree>) -> FieldErrors {
        Walk::new("").whole(&self.root, object, old)
    }

    /// Everything that is wrong with the status of an object.
    #[must_use]
    pub fn check_status(&self, object: &Tree, old: Option<&Tree>) -> FieldErrors {
        match (self.root.properties.get("status"), object.get("status")) {
            (Some(node), Some(status)) => {
                let old = old.and_then(|old| old.get("status"));
                Walk::new("status").result(node, status, old)
            }
            _ => FieldErrors::new(),
        }
    }

    /// Everything that is wrong with a value that stands at `path`, such as a default.
    #[must_use]
    pub fn check_at(&self, path: &FieldPath, value: &Value) -> FieldErrors {
        Walk::new(path.as_str()).result(&self.root, value, None)
    }
}
