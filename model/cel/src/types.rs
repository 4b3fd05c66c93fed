//! Types: what is known of a value before it is there.

mod signature;
mod unify;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::functions::opaque;

pub(crate) use signature::Signature;
pub(crate) use unify::Bindings;

/// What is known of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Type {
    /// Nothing.
    #[default]
    Dyn,
    /// It is null.
    Null,
    /// It is a truth.
    Bool,
    /// It is a whole number.
    Int,
    /// It is a whole number, marked as not negative.
    Uint,
    /// It is a number with a fraction.
    Double,
    /// It is a text.
    Text,
    /// It is bytes.
    Bytes,
    /// It is a moment.
    Time,
    /// It is a span of time.
    Span,
    /// It is a type.
    Type,
    /// It is a list of these.
    List(Arc<Self>),
    /// It is a list whose order does not matter. Only what is read is of this type: an expression
    /// is checked with a plain list in its place.
    Unordered(Arc<Unordered>),
    /// It is a map from these to those.
    Map(Arc<Self>, Arc<Self>),
    /// It is one of these, or absent.
    Optional(Arc<Self>),
    /// It is an object with these fields.
    Object(Arc<ObjectType>),
    /// It is something that only its own functions look into.
    Opaque(&'static str),
    /// Whatever a call binds it to.
    Parameter(char),
}

/// A list whose order does not matter, and which has no two elements that are alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unordered {
    /// What its elements are.
    pub of: Type,
    /// The fields that tell its elements apart, as expressions call them; the elements themselves
    /// do when there are none.
    pub keys: Vec<String>,
}

/// The fields of a kind of object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectType {
    name: String,
    fields: BTreeMap<String, Field>,
    /// By the names that expressions cannot write, those they write instead.
    shown: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    of: Type,
    /// What the field is called in the tree, where expressions call it differently.
    stored: Option<String>,
}

impl ObjectType {
    /// An object type called `name`, without fields yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// The same type with one more field.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, of: Type) -> Self {
        self.fields.insert(name.into(), Field { of, stored: None });
        self
    }

    /// The same type with a field that expressions call `name` and objects `stored`.
    #[must_use]
    pub fn with_escaped(mut self, name: String, stored: String, of: Type) -> Self {
        self.shown.insert(stored.clone(), name.clone());
        let stored = Some(stored);
        self.fields.insert(name, Field { of, stored });
        self
    }

    /// What expressions call the field that objects call `stored`.
    pub(crate) fn shown<'a>(&'a self, stored: &'a str) -> &'a str {
        self.shown.get(stored).map_or(stored, String::as_str)
    }

    /// Whether objects have a field `name` that expressions see.
    pub(crate) fn stores(&self, name: &str) -> bool {
        self.shown.contains_key(name) || self.fields.contains_key(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }
}

impl Type {
    /// The authorizer, which is asked whether somebody may do something.
    pub const AUTHORIZER: Self = Self::Opaque(opaque::AUTHORIZER);

    /// A question to the authorizer about a resource, but for what is to be done with it.
    pub const RESOURCE_CHECK: Self = Self::Opaque(opaque::RESOURCE_CHECK);

    /// A list of these.
    #[must_use]
    pub fn list(of: Self) -> Self {
        Self::List(Arc::new(of))
    }

    /// A map from texts to these.
    #[must_use]
    pub fn map(of: Self) -> Self {
        Self::Map(Arc::new(Self::Text), Arc::new(of))
    }

    /// One of these, or nothing.
    #[must_use]
    pub fn optional(of: Self) -> Self {
        Self::Optional(Arc::new(of))
    }

    /// An object.
    #[must_use]
    pub fn object(of: ObjectType) -> Self {
        Self::Object(Arc::new(of))
    }

    /// What the elements of a list are.
    pub(crate) fn element(&self) -> &Self {
        match self {
            Self::List(of) => of,
            Self::Unordered(list) => &list.of,
            _ => &Self::Dyn,
        }
    }

    /// What the field `name` is called in the tree, where differently, and what it is. Nothing
    /// when there is no such field.
    pub(crate) fn field(&self, name: &str) -> Option<(Option<&str>, &Self)> {
        match self {
            Self::Object(of) => {
                let field = of.fields.get(name)?;
                Some((field.stored.as_deref(), &field.of))
            }
            Self::Map(_, of) => Some((None, of)),
            _ => Some((None, &Self::Dyn)),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::Text => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Time => f.write_str("timestamp"),
            Self::Span => f.write_str("duration"),
            Self::Type => f.write_str("type"),
            Self::List(of) => write!(f, "list({of})"),
            Self::Unordered(list) => write!(f, "list({})", list.of),
            Self::Map(key, of) => write!(f, "map({key}, {of})"),
            Self::Optional(of) => write!(f, "optional_type({of})"),
            Self::Object(of) => f.write_str(&of.name),
            Self::Opaque(name) => f.write_str(name),
            Self::Parameter(name) => write!(f, "{name}"),
        }
    }
}
