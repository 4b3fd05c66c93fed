//! Values: what expressions read, make and answer.
//!
//! What comes from objects is borrowed and looked at in place, never copied; what an evaluation
//! makes is shared by counting. A value lives no longer than the evaluation it belongs to.

pub(crate) mod compare;
mod lift;

use std::collections::BTreeMap;
use std::rc::Rc;

use gantry_base::Timestamp;
use serde_json::{Map as Tree, Value as Json};

use crate::authority::Question;
use crate::functions::opaque::Opaque;
use crate::types::{Type, Unordered};

pub(crate) use lift::lift;

/// A value.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is not negative, and is marked so.
    Uint(u64),
    /// A number with a fraction.
    Double(f64),
    /// A text.
    Text(Text<'a>),
    /// Bytes.
    Bytes(Rc<[u8]>),
    /// A list.
    List(List<'a>),
    /// A map, or an object.
    Map(Map<'a>),
    /// A moment.
    Time(Timestamp),
    /// A span of time in nanoseconds.
    Span(i64),
    /// A type.
    Type(Rc<str>),
    /// A value that may be absent.
    Optional(Option<Rc<Self>>),
    /// A value that only its own functions look into.
    Opaque(Rc<Opaque>),
    /// A question to the authorizer that is being put together.
    Question(Rc<Question>),
}

/// A text, borrowed or made.
#[derive(Clone, Debug)]
pub enum Text<'a> {
    /// One of an object or of the expression.
    Borrowed(&'a str),
    /// One that was made.
    Made(Rc<str>),
}

/// A list, borrowed or made.
#[derive(Clone, Debug)]
pub enum List<'a> {
    /// One of an object, with the type of its elements.
    Tree(&'a [Json], &'a Type),
    /// One that was made.
    Made(Rc<Vec<Value<'a>>>),
}

/// A map, borrowed or made.
#[derive(Clone, Debug)]
pub enum Map<'a> {
    /// One of an object, with its type.
    Tree(&'a Tree<String, Json>, &'a Type),
    /// One that was made.
    Made(Rc<BTreeMap<Key<'a>, Value<'a>>>),
}

/// A key of a map. Equal numbers are equal keys, whatever their types.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond the largest of the other kind.
    Uint(u64),
    /// A text.
    Text(Text<'a>),
}

impl<'a> Value<'a> {
    /// A tree without a known type.
    #[must_use]
    pub fn tree(json: &'a Json) -> Self {
        lift(json, &Type::Dyn)
    }

    /// A tree of a known type.
    #[must_use]
    pub fn typed(json: &'a Json, of: &'a Type) -> Self {
        lift(json, of)
    }

    /// A text that was made.
    #[must_use]
    pub fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(Text::Made(text.into()))
    }

    /// A list that was made.
    #[must_use]
    pub fn list(values: Vec<Self>) -> Self {
        Self::List(List::Made(Rc::new(values)))
    }

    /// A map that was made.
    #[must_use]
    pub fn map(entries: BTreeMap<Key<'a>, Self>) -> Self {
        Self::Map(Map::Made(Rc::new(entries)))
    }

    /// An optional with a value.
    #[must_use]
    pub fn some(value: Self) -> Self {
        Self::Optional(Some(Rc::new(value)))
    }

    /// The authorizer, or a question to it that is not complete.
    #[must_use]
    pub fn question(question: Question) -> Self {
        Self::Question(Rc::new(question))
    }

    pub(crate) fn opaque(opaque: Opaque) -> Self {
        Self::Opaque(Rc::new(opaque))
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// The truth, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The name of its type, as `type` and messages give it.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Time(_) => "google.protobuf.Timestamp",
            Self::Span(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
            Self::Optional(_) => "optional_type",
            Self::Opaque(opaque) => opaque.type_name(),
            Self::Question(question) => question.type_name(),
        }
    }

    /// The value as the key of a map, if it can be one.
    #[must_use]
    pub fn key(&self) -> Option<Key<'a>> {
        Some(match self {
            Self::Bool(truth) => Key::Bool(*truth),
            Self::Int(number) => Key::Int(*number),
            Self::Uint(number) => i64::try_from(*number).map_or(Key::Uint(*number), Key::Int),
            Self::Double(number) => compare::whole(*number)?,
            Self::Text(text) => Key::Text(text.clone()),
            _ => return None,
        })
    }
}

impl Text<'_> {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Made(text) => text,
        }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text<'_> {}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl<'a> List<'a> {
    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Tree(list, _) => list.len(),
            Self::Made(list) => list.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        match self {
            Self::Tree(list, of) => list.get(index).map(|json| lift(json, of.element())),
            Self::Made(list) => list.get(index).cloned(),
        }
    }

    /// How its elements are told apart, if their order does not matter.
    pub(crate) fn unordered(&self) -> Option<&'a Unordered> {
        match self {
            Self::Tree(_, Type::Unordered(of)) => Some(of),
            Self::Tree(..) | Self::Made(_) => None,
        }
    }

    /// All elements, in order.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl<'a> Map<'a> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Tree(tree, Type::Object(_)) => self.iter_tree(tree).count(),
            Self::Tree(tree, _) => tree.len(),
            Self::Made(map) => map.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &Key<'a>) -> Option<Value<'a>> {
        match (self, key) {
            (Self::Tree(..), Key::Text(name)) => self.field(name.as_str()),
            (Self::Tree(..), _) => None,
            (Self::Made(map), key) => map.get(key).cloned(),
        }
    }

    /// The value of the field `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Value<'a>> {
        match self {
            Self::Tree(tree, of) => {
                let (stored, own) = of.field(name)?;
                let json = tree.get(stored.unwrap_or(name))?;
                // What is null is not there where a schema says what is.
                let is_absent = json.is_null() && matches!(of, Type::Object(_));
                (!is_absent).then(|| lift(json, own))
            }
            Self::Made(map) => map.get(&Key::Text(Text::Made(Rc::from(name)))).cloned(),
        }
    }

    /// All keys, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<Key<'a>> {
        match self {
            Self::Tree(tree, Type::Object(of)) => {
                let text = |name: &'a str| Key::Text(Text::Borrowed(of.shown(name)));
                self.iter_tree(tree).map(text).collect()
            }
            Self::Tree(tree, _) => {
                let text = |name: &'a String| Key::Text(Text::Borrowed(name));
                tree.keys().map(text).collect()
            }
            Self::Made(map) => map.keys().cloned().collect(),
        }
    }

    /// The fields of an object that its type knows.
    fn iter_tree(&self, tree: &'a Tree<String, Json>) -> impl Iterator<Item = &'a str> {
        let of = match self {
            Self::Tree(_, Type::Object(of)) => Some(of),
            Self::Tree(..) | Self::Made(_) => None,
        };
        let is_known = move |name: &str| of.is_none_or(|of| of.stores(name));
        tree.iter()
            .filter(move |(name, value)| is_known(name) && !value.is_null())
            .map(|(name, _)| name.as_str())
    }
}

impl<'a> From<Key<'a>> for Value<'a> {
    fn from(key: Key<'a>) -> Self {
        match key {
            Key::Bool(truth) => Self::Bool(truth),
            Key::Int(number) => Self::Int(number),
            Key::Uint(number) => Self::Uint(number),
            Key::Text(text) => Self::Text(text),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Text::Borrowed(text))
    }
}
