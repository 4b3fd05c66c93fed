//! From the tree of an object to a value, as its type says.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value as Json};

use super::{List, Map, Text, Value};
use crate::functions::time;
use crate::types::Type;

/// The value that `json` stands for. What is not as its type says is taken as it is.
pub(crate) fn lift<'a>(json: &'a Json, of: &'a Type) -> Value<'a> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => lift_number(number, of),
        Json::String(text) => lift_text(text, of),
        Json::Array(list) => Value::List(List::Tree(list, of)),
        Json::Object(tree) => Value::Map(Map::Tree(tree, of)),
    }
}

fn lift_number<'a>(number: &Number, of: &Type) -> Value<'a> {
    match number.as_i64() {
        Some(number) if *of != Type::Double => Value::Int(number),
        _ => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
    }
}

fn lift_text<'a>(text: &'a str, of: &Type) -> Value<'a> {
    let special = match of {
        Type::Time => time::parse_time(text)
            .or_else(|| time::parse_date(text))
            .map(Value::Time),
        Type::Span => time::parse_span(text).map(Value::Span),
        Type::Bytes => STANDARD
            .decode(text)
            .ok()
            .map(|own| Value::Bytes(Rc::from(own))),
        _ => None,
    };
    special.unwrap_or(Value::Text(Text::Borrowed(text)))
}
