//! Which values are equal, and which comes first.
//!
//! Numbers are compared by what they are worth, whatever their types. Values of different types are
//! not equal, and have no order.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Key, List, Map, Value};
use crate::error::Problem;
use crate::eval::Machine;
use crate::types::Unordered;

/// Whether two values are equal. What is compared is charged for.
pub(crate) fn equal<'a>(
    machine: &mut Machine<'a>,
    one: &Value<'a>,
    other: &Value<'a>,
) -> Result<bool, Problem> {
    machine.charge(1)?;
    Ok(match (one, other) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Text(one), Value::Text(other)) => {
            machine.charge_text(one.as_str().len().min(other.as_str().len()))?;
            one == other
        }
        (Value::Bytes(one), Value::Bytes(other)) => {
            machine.charge_text(one.len().min(other.len()))?;
            one == other
        }
        (Value::Time(one), Value::Time(other)) => one == other,
        (Value::Span(one), Value::Span(other)) => one == other,
        (Value::Type(one), Value::Type(other)) => one == other,
        (Value::Opaque(one), Value::Opaque(other)) => one == other,
        (Value::Optional(one), Value::Optional(other)) => match (one, other) {
            (None, None) => true,
            (Some(one), Some(other)) => {
                return machine.deeper(|machine| equal(machine, one, other));
            }
            (None, Some(_)) | (Some(_), None) => false,
        },
        (Value::List(one), Value::List(other)) => {
            return machine.deeper(|machine| equal_lists(machine, one, other));
        }
        (Value::Map(one), Value::Map(other)) => {
            return machine.deeper(|machine| equal_maps(machine, one, other));
        }
        _ => numbers(one, other) == Some(Ordering::Equal),
    })
}

fn equal_lists<'a>(
    machine: &mut Machine<'a>,
    one: &List<'a>,
    other: &List<'a>,
) -> Result<bool, Problem> {
    if one.len() != other.len() {
        return Ok(false);
    }
    if let Some(of) = one.unordered().or_else(|| other.unordered())
        && let (Some(one), Some(other)) = (by_identity(of, one), by_identity(of, other))
    {
        return equal_sets(machine, &one, &other);
    }
    for (one, other) in one.iter().zip(other.iter()) {
        if !equal(machine, &one, &other)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What tells an element of a list without order apart from the others; nothing if it cannot be
/// told.
pub(crate) fn identity<'a>(of: &Unordered, value: &Value<'a>) -> Option<Identity<'a>> {
    if of.keys.is_empty() {
        return Some(vec![Some(value.key()?)]);
    }
    let Value::Map(map) = value else { return None };
    let keys = of.keys.iter();
    Some(
        keys.map(|key| map.field(key).and_then(|value| value.key()))
            .collect(),
    )
}

type Identity<'a> = Vec<Option<Key<'a>>>;

/// The elements by what tells them apart; nothing if something does not.
fn by_identity<'a>(of: &Unordered, list: &List<'a>) -> Option<BTreeMap<Identity<'a>, Value<'a>>> {
    let pairs = list
        .iter()
        .map(|value| Some((identity(of, &value)?, value)));
    pairs.collect()
}

fn equal_sets<'a>(
    machine: &mut Machine<'a>,
    one: &BTreeMap<Identity<'a>, Value<'a>>,
    other: &BTreeMap<Identity<'a>, Value<'a>>,
) -> Result<bool, Problem> {
    if one.len() != other.len() {
        return Ok(false);
    }
    for (own, value) in one {
        let Some(counterpart) = other.get(own) else {
            return Ok(false);
        };
        if !equal(machine, value, counterpart)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal_maps<'a>(
    machine: &mut Machine<'a>,
    one: &Map<'a>,
    other: &Map<'a>,
) -> Result<bool, Problem> {
    if one.len() != other.len() {
        return Ok(false);
    }
    for key in one.keys() {
        let (Some(one), Some(other)) = (one.get(&key), other.get(&key)) else {
            return Ok(false);
        };
        if !equal(machine, &one, &other)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Which of two values of one type comes first; nothing if they have no order.
pub(crate) fn order(one: &Value<'_>, other: &Value<'_>) -> Option<Ordering> {
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        (Value::Bytes(one), Value::Bytes(other)) => Some(one.cmp(other)),
        (Value::Time(one), Value::Time(other)) => Some(one.cmp(other)),
        (Value::Span(one), Value::Span(other)) => Some(one.cmp(other)),
        _ => numbers(one, other),
    }
}

/// Which of two numbers is smaller.
fn numbers(one: &Value<'_>, other: &Value<'_>) -> Option<Ordering> {
    match (one, other) {
        (Value::Int(one), Value::Int(other)) => Some(one.cmp(other)),
        (Value::Uint(one), Value::Uint(other)) => Some(one.cmp(other)),
        (Value::Double(one), Value::Double(other)) => one.partial_cmp(other),
        (Value::Int(one), Value::Uint(other)) => Some(i128::from(*one).cmp(&i128::from(*other))),
        (Value::Uint(one), Value::Int(other)) => Some(i128::from(*one).cmp(&i128::from(*other))),
        (Value::Int(one), Value::Double(other)) => (*one as f64).partial_cmp(other),
        (Value::Double(one), Value::Int(other)) => one.partial_cmp(&(*other as f64)),
        (Value::Uint(one), Value::Double(other)) => (*one as f64).partial_cmp(other),
        (Value::Double(one), Value::Uint(other)) => one.partial_cmp(&(*other as f64)),
        _ => None,
    }
}

/// A fraction that is whole, as the key of a map.
#[expect(
    clippy::cast_possible_truncation,
    reason = "it is whole and within the bounds"
)]
pub(crate) fn whole(number: f64) -> Option<Key<'static>> {
    const BOUND: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && -BOUND < number && number < BOUND;
    is_whole.then_some(Key::Int(number as i64))
}
