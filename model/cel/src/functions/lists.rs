//! Lists: sums, extremes, order, places, and lists made of lists.

use std::cmp::Ordering;
use std::rc::Rc;

use super::Row;
use super::convert::count;
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::{List, Value, compare};

pub(super) const ROWS: &[Row] = &[
    ("distinct", &["list<A>.distinct() -> list<A>"], distinct),
    (
        "flatten",
        &[
            "list<list<A>>.flatten() -> list<A>",
            "list<dyn>.flatten(int) -> list<dyn>",
        ],
        flatten,
    ),
    (
        "indexOf",
        &["list<A>.indexOf(A) -> int"],
        |machine, values| place(machine, values, |found, at| found.or(Some(at))),
    ),
    ("isSorted", &["list<A>.isSorted() -> bool"], is_sorted),
    (
        "lastIndexOf",
        &["list<A>.lastIndexOf(A) -> int"],
        |machine, values| place(machine, values, |_, at| Some(at)),
    ),
    ("lists.range", &[":lists.range(int) -> list<int>"], range),
    ("max", &["list<A>.max() -> A"], |machine, values| {
        extreme(machine, values, Ordering::Greater, "max")
    }),
    ("min", &["list<A>.min() -> A"], |machine, values| {
        extreme(machine, values, Ordering::Less, "min")
    }),
    ("reverse", &["list<A>.reverse() -> list<A>"], reverse),
    ("slice", &["list<A>.slice(int, int) -> list<A>"], slice),
    ("sort", &["list<A>.sort() -> list<A>"], sort),
    (
        "sum",
        &[
            "list<int>.sum() -> int",
            "list<uint>.sum() -> uint",
            "list<double>.sum() -> double",
            "list<duration>.sum() -> duration",
        ],
        sum,
    ),
];

/// The list that a function is called on, once going over it is paid for.
fn receiver<'v, 'a>(
    machine: &mut Machine<'a>,
    values: &'v [Value<'a>],
) -> Result<&'v List<'a>, Problem> {
    let Some(Value::List(list)) = values.first() else {
        return Err(Problem::NoSuchOverload);
    };
    machine.charge_each(list.len())?;
    Ok(list)
}

fn ordered(one: &Value<'_>, other: &Value<'_>) -> Result<Ordering, Problem> {
    compare::order(one, other).ok_or(Problem::NoSuchOverload)
}

fn distinct<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let list = receiver(machine, values)?;
    let mut kept: Vec<Value<'a>> = Vec::new();
    'values: for value in list.iter() {
        for own in &kept {
            if compare::equal(machine, own, &value)? {
                continue 'values;
            }
        }
        kept.push(value);
    }
    Ok(Value::list(kept))
}

fn flatten<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let levels = match values {
        [_] => 1,
        [_, Value::Int(levels)] if 0 <= *levels => *levels,
        [_, Value::Int(_)] => return Err(Problem::invalid("level must be non-negative")),
        _ => return Err(Problem::NoSuchOverload),
    };
    let mut list = receiver(machine, values)?.clone();
    for _ in 0..levels {
        if !list.iter().any(|value| matches!(value, Value::List(_))) {
            break;
        }
        list = List::Made(Rc::new(spread(machine, &list)?));
    }
    Ok(Value::List(list))
}

fn spread<'a>(machine: &mut Machine<'a>, list: &List<'a>) -> Result<Vec<Value<'a>>, Problem> {
    let mut flat = Vec::new();
    for value in list.iter() {
        if let Value::List(inner) = value {
            machine.charge_each(inner.len())?;
            flat.extend(inner.iter());
        } else {
            machine.charge(1)?;
            flat.push(value);
        }
    }
    Ok(flat)
}

fn place<'a>(
    machine: &mut Machine<'a>,
    values: &[Value<'a>],
    choose: fn(Option<usize>, usize) -> Option<usize>,
) -> Outcome<'a> {
    let [_, wanted] = values else {
        return Err(Problem::NoSuchOverload);
    };
    let list = receiver(machine, values)?;
    let mut found = None;
    for (at, value) in list.iter().enumerate() {
        if compare::equal(machine, &value, wanted)? {
            found = choose(found, at);
        }
    }
    Ok(found.map_or(Value::Int(-1), count))
}

fn is_sorted<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let list = receiver(machine, values)?;
    for (one, other) in list.iter().zip(list.iter().skip(1)) {
        if ordered(&one, &other)?.is_gt() {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

fn range<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let [Value::Int(end)] = values else {
        return Err(Problem::NoSuchOverload);
    };
    machine.charge(u64::try_from(*end).unwrap_or(0))?;
    Ok(Value::list((0..*end).map(Value::Int).collect()))
}

fn extreme<'a>(
    machine: &mut Machine<'a>,
    values: &[Value<'a>],
    wanted: Ordering,
    name: &str,
) -> Outcome<'a> {
    let list = receiver(machine, values)?;
    let mut best: Option<Value<'a>> = None;
    for value in list.iter() {
        best = match best {
            Some(best) if ordered(&value, &best)? != wanted => Some(best),
            _ => Some(value),
        };
    }
    best.ok_or_else(|| Problem::invalid(format!("{name} called on empty list")))
}

fn reverse<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let list = receiver(machine, values)?;
    let mut reversed: Vec<Value<'a>> = list.iter().collect();
    reversed.reverse();
    Ok(Value::list(reversed))
}

fn slice<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let [_, Value::Int(begin), Value::Int(end)] = values else {
        return Err(Problem::NoSuchOverload);
    };
    let list = receiver(machine, values)?;
    let size = i64::try_from(list.len()).unwrap_or(i64::MAX);
    if !(0 <= *begin && begin <= end && *end <= size) {
        let message = format!("cannot slice({begin}, {end}), list is length {size}");
        return Err(Problem::invalid(message));
    }
    let at = |number: &i64| usize::try_from(*number).unwrap_or(usize::MAX);
    Ok(Value::list(
        list.iter().take(at(end)).skip(at(begin)).collect(),
    ))
}

fn sort<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let list = receiver(machine, values)?;
    let mut sorted: Vec<Value<'a>> = list.iter().collect();
    let levels = usize::try_from(sorted.len().max(1).ilog2()).unwrap_or(0);
    machine.charge_each(sorted.len().saturating_mul(levels))?;
    if let Some(first) = sorted.first() {
        for value in &sorted {
            ordered(first, value)?;
        }
    }
    sorted.sort_by(|one, other| compare::order(one, other).unwrap_or(Ordering::Equal));
    Ok(Value::list(sorted))
}

fn sum<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let list = receiver(machine, values)?;
    let mut total = match list.get(0) {
        None => return Ok(Value::Int(0)),
        Some(first) => first,
    };
    for value in list.iter().skip(1) {
        total = match (total, value) {
            (Value::Int(one), Value::Int(other)) => one
                .checked_add(other)
                .map(Value::Int)
                .ok_or(Problem::Overflow)?,
            (Value::Uint(one), Value::Uint(other)) => one
                .checked_add(other)
                .map(Value::Uint)
                .ok_or(Problem::Overflow)?,
            (Value::Double(one), Value::Double(other)) => Value::Double(one + other),
            (Value::Span(one), Value::Span(other)) => one
                .checked_add(other)
                .map(Value::Span)
                .ok_or(Problem::Overflow)?,
            _ => return Err(Problem::NoSuchOverload),
        };
    }
    Ok(total)
}
