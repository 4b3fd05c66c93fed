//! One step of an owned field's path, in the notation of `FieldsV1` and in that of messages.
//!
//! Keys and values are held as canonical JSON text: sorted, no spaces, whole numbers without a
//! fraction. Two elements are the same field exactly when they are equal.

use std::fmt;
use std::fmt::Write as _;

use serde_json::Value;

use crate::schema::TypeRef;

/// One step from an object to a field of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathElement {
    /// A field or the key of a map: `f:name`.
    Field(Box<str>),
    /// An item of a keyed list, by its keys as JSON: `k:{"name":"a"}`.
    Key(Box<str>),
    /// An item of a set, as JSON: `v:"a"`.
    Value(Box<str>),
    /// An item by its place, where nothing else tells it apart: `i:0`.
    Index(usize),
}

impl PathElement {
    /// The field or map key `name`.
    #[must_use]
    pub fn field(name: &str) -> Self {
        Self::Field(name.into())
    }

    /// An item of a set.
    #[must_use]
    pub fn value(item: &Value) -> Self {
        Self::Value(canonical(item).into())
    }

    /// An item of a list with these keys. A key that is left out counts as its default; `None` if
    /// there is none.
    #[must_use]
    pub fn key(item: &Value, keys: &[String], ty: TypeRef<'_>) -> Option<Self> {
        let mut text = String::from("{");
        for key in keys {
            let given = item.get(key).filter(|value| !value.is_null());
            let default = || ty.field(key)?.default.as_ref();
            let value = given.or_else(default)?;
            let comma = if text.len() > 1 { "," } else { "" };
            write!(text, "{comma}{}:{}", quoted(key), canonical(value))
                .expect("writing to a string succeeds");
        }
        text.push('}');
        Some(Self::Key(text.into()))
    }

    /// Reads the notation of `FieldsV1`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let json = || serde_json::from_str::<Value>(rest).ok();
        match kind {
            "f" => Some(Self::field(rest)),
            "k" => Some(Self::Key(
                canonical(&json().filter(Value::is_object)?).into(),
            )),
            "v" => Some(Self::value(&json()?)),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    /// The notation of `FieldsV1`.
    #[must_use]
    pub fn notation(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(json) => format!("k:{json}"),
            Self::Value(json) => format!("v:{json}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

/// As messages show it: `.spec`, `[name="a"]`, `[="a"]`, `[0]`.
impl fmt::Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Value(json) => write!(f, "[={json}]"),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Key(json) => {
                let keys: serde_json::Map<String, Value> =
                    serde_json::from_str(json).map_err(|_| fmt::Error)?;
                let shown: Vec<String> = keys
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                write!(f, "[{}]", shown.join(","))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The one text for a value. Maps are sorted by their type; a float that is whole is printed as
/// the integer it equals.
fn canonical(value: &Value) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Value::Number(number) = value
        && number.is_f64()
        && let Some(float) = number
            .as_f64()
            .filter(|f| f.fract() == 0.0 && f.abs() < EXACT)
    {
        return format!("{float:.0}");
    }
    value.to_string()
}
