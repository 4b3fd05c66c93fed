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
            if text.len() > 1 {
                text.push(',');
            }
            push_text(&mut text, key);
            text.push(':');
            push_canonical(&mut text, value);
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
            Self::Field(name) => ["f:", name].concat(),
            Self::Key(json) => ["k:", json].concat(),
            Self::Value(json) => ["v:", json].concat(),
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

fn canonical(value: &Value) -> String {
    let mut text = String::new();
    push_canonical(&mut text, value);
    text
}

/// The one text for a value. Maps are sorted by their type; a float that is whole is printed as
/// the integer it equals.
fn push_canonical(text: &mut String, value: &Value) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::String(value) => push_text(text, value),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) if float.fract() == 0.0 && float.abs() < EXACT => {
                write!(text, "{float:.0}").expect("writing to a string succeeds");
            }
            Some(_) | None => text.push_str(&number.to_string()),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            text.push_str(&value.to_string());
        }
    }
}

/// A text in JSON. Most need no escapes, and this runs for every item of every list.
fn push_text(text: &mut String, value: &str) {
    if value
        .bytes()
        .any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\'))
    {
        text.push_str(&Value::from(value).to_string());
    } else {
        text.push('"');
        text.push_str(value);
        text.push('"');
    }
}
