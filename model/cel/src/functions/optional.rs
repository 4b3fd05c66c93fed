//! Values that may be absent.

use std::rc::Rc;

use super::Row;
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    ("hasValue", &["optional<A>.hasValue() -> bool"], has_value),
    (
        "optional.none",
        &[":optional.none() -> optional<dyn>"],
        |_, _| Ok(Value::Optional(None)),
    ),
    (
        "optional.of",
        &[":optional.of(A) -> optional<A>"],
        |_, values| Ok(Value::some(values[0].clone())),
    ),
    (
        "optional.ofNonZeroValue",
        &[":optional.ofNonZeroValue(A) -> optional<A>"],
        of_non_zero,
    ),
    ("or", &["optional<A>.or(optional<A>) -> optional<A>"], or),
    ("orValue", &["optional<A>.orValue(A) -> A"], or_value),
    ("value", &["optional<A>.value() -> A"], value),
];

fn has_value<'a>(_: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    match values {
        [Value::Optional(own)] => Ok(Value::Bool(own.is_some())),
        _ => Err(Problem::NoSuchOverload),
    }
}

fn value<'a>(_: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    match values {
        [Value::Optional(Some(own))] => Ok(Value::clone(own)),
        [Value::Optional(None)] => Err(Problem::Absent),
        _ => Err(Problem::NoSuchOverload),
    }
}

fn or<'a>(_: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    match values {
        [Value::Optional(None), other @ Value::Optional(_)] => Ok(other.clone()),
        [own @ Value::Optional(Some(_)), Value::Optional(_)] => Ok(own.clone()),
        _ => Err(Problem::NoSuchOverload),
    }
}

fn or_value<'a>(_: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    match values {
        [Value::Optional(own), other] => {
            let own = own.as_ref().map(|own| Value::clone(own));
            Ok(own.unwrap_or_else(|| other.clone()))
        }
        _ => Err(Problem::NoSuchOverload),
    }
}

fn of_non_zero<'a>(_: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let value = &values[0];
    let is_zero = match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Int(number) | Value::Span(number) => *number == 0,
        Value::Uint(number) => *number == 0,
        Value::Double(number) => *number == 0.0,
        Value::Text(text) => text.as_str().is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::Time(time) => time.as_nanosecond() == 0,
        Value::Optional(own) => own.is_none(),
        Value::Type(_) | Value::Opaque(_) | Value::Question(_) => false,
    };
    Ok(Value::Optional((!is_zero).then(|| Rc::new(value.clone()))))
}
