//! Exact amounts such as `500m` and `2Gi`.

use std::cmp::Ordering;

use gantry_base::Quantity;

use super::Row;
use super::opaque::Opaque;
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    (
        "add",
        &[
            "quantity.add(quantity) -> quantity",
            "quantity.add(int) -> quantity",
        ],
        |_, values| combine(values, |one, other| one + other),
    ),
    (
        "asApproximateFloat",
        &["quantity.asApproximateFloat() -> double"],
        |_, values| own(values).map(|own| Value::Double(own.approximate())),
    ),
    (
        "asInteger",
        &["quantity.asInteger() -> int"],
        |_, values| {
            let whole = whole(own(values)?);
            let wrong = || Problem::invalid("cannot convert value to integer");
            whole.map(Value::Int).ok_or_else(wrong)
        },
    ),
    (
        "compareTo",
        &["quantity.compareTo(quantity) -> int"],
        |_, values| {
            let order = order(values)?;
            Ok(Value::Int(i64::from(order as i8)))
        },
    ),
    (
        "isGreaterThan",
        &["quantity.isGreaterThan(quantity) -> bool"],
        |_, values| order(values).map(|order| Value::Bool(order.is_gt())),
    ),
    (
        "isInteger",
        &["quantity.isInteger() -> bool"],
        |_, values| own(values).map(|own| Value::Bool(whole(own).is_some())),
    ),
    (
        "isLessThan",
        &["quantity.isLessThan(quantity) -> bool"],
        |_, values| order(values).map(|order| Value::Bool(order.is_lt())),
    ),
    (
        "isQuantity",
        &["isQuantity(string) -> bool"],
        |machine, values| read(machine, values).map(|read| Value::Bool(read.is_ok())),
    ),
    (
        "quantity",
        &["quantity(string) -> quantity"],
        |machine, values| read(machine, values)?.map(|own| Value::opaque(Opaque::Quantity(own))),
    ),
    ("sign", &["quantity.sign() -> int"], |_, values| {
        let own = own(values)?;
        let positive = i64::from(!own.is_zero() && !own.is_negative());
        Ok(Value::Int(positive - i64::from(own.is_negative())))
    }),
    (
        "sub",
        &[
            "quantity.sub(quantity) -> quantity",
            "quantity.sub(int) -> quantity",
        ],
        |_, values| combine(values, |one, other| one - other),
    ),
];

fn read<'a>(
    machine: &mut Machine<'a>,
    values: &[Value<'a>],
) -> Result<Result<Quantity, Problem>, Problem> {
    let text = super::strings::text(machine, values)?;
    Ok(text.parse().map_err(|_| {
        Problem::invalid(
            "quantities must match the regular expression \
             '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        )
    }))
}

fn amount(value: &Value<'_>) -> Option<Quantity> {
    match value {
        Value::Opaque(opaque) => match &**opaque {
            Opaque::Quantity(own) => Some(*own),
            _ => None,
        },
        _ => None,
    }
}

fn own(values: &[Value<'_>]) -> Result<Quantity, Problem> {
    let own = values.first().and_then(amount);
    own.ok_or(Problem::NoSuchOverload)
}

fn order(values: &[Value<'_>]) -> Result<Ordering, Problem> {
    let other = values
        .get(1)
        .and_then(amount)
        .ok_or(Problem::NoSuchOverload)?;
    Ok(own(values)?.cmp(&other))
}

fn combine<'a>(values: &[Value<'a>], act: fn(Quantity, Quantity) -> Quantity) -> Outcome<'a> {
    let other = match values.get(1) {
        Some(Value::Int(units)) => Some(Quantity::units(*units)),
        Some(other) => amount(other),
        None => None,
    };
    let made = act(own(values)?, other.ok_or(Problem::NoSuchOverload)?);
    Ok(Value::opaque(Opaque::Quantity(made)))
}

/// The number of units, if there is a whole number of them.
fn whole(own: Quantity) -> Option<i64> {
    let units = own.value();
    (Quantity::units(units) == own).then_some(units)
}
