//! Lists looked at as sets.

use super::Row;
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::{List, Value, compare};

pub(super) const ROWS: &[Row] = &[
    (
        "sets.contains",
        &[":sets.contains(list<A>, list<A>) -> bool"],
        |machine, values| {
            let (one, other) = pair(values)?;
            holds_all(machine, one, other).map(Value::Bool)
        },
    ),
    (
        "sets.equivalent",
        &[":sets.equivalent(list<A>, list<A>) -> bool"],
        |machine, values| {
            let (one, other) = pair(values)?;
            let both = holds_all(machine, one, other)? && holds_all(machine, other, one)?;
            Ok(Value::Bool(both))
        },
    ),
    (
        "sets.intersects",
        &[":sets.intersects(list<A>, list<A>) -> bool"],
        intersects,
    ),
];

fn pair<'v, 'a>(values: &'v [Value<'a>]) -> Result<(&'v List<'a>, &'v List<'a>), Problem> {
    match values {
        [Value::List(one), Value::List(other)] => Ok((one, other)),
        _ => Err(Problem::NoSuchOverload),
    }
}

/// Whether the list has an equal element.
pub(crate) fn holds<'a>(
    machine: &mut Machine<'a>,
    list: &List<'a>,
    value: &Value<'a>,
) -> Result<bool, Problem> {
    for own in list.iter() {
        if compare::equal(machine, &own, value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds_all<'a>(
    machine: &mut Machine<'a>,
    one: &List<'a>,
    other: &List<'a>,
) -> Result<bool, Problem> {
    for value in other.iter() {
        if !holds(machine, one, &value)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn intersects<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let (one, other) = pair(values)?;
    for value in other.iter() {
        if holds(machine, one, &value)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}
