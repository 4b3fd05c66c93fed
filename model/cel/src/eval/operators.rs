//! What signs do with values. Numbers that do not fit are an error, never wrapped.

use std::collections::BTreeMap;
use std::rc::Rc;

use gantry_base::Timestamp;
use jiff::SignedDuration;

use crate::ast::{Expr, Operator};
use crate::error::Problem;
use crate::types::Unordered;
use crate::value::compare::identity;
use crate::value::{List, Value, compare};

use super::{Machine, Outcome};

impl<'a> Machine<'a> {
    pub(super) fn not(&mut self, operand: &'a Expr) -> Outcome<'a> {
        self.charge(1)?;
        self.truth(operand).map(|truth| Value::Bool(!truth))
    }

    pub(super) fn negate(&mut self, operand: &'a Expr) -> Outcome<'a> {
        let operand = self.expression(operand)?;
        self.charge(1)?;
        match operand {
            Value::Int(number) => number
                .checked_neg()
                .map(Value::Int)
                .ok_or(Problem::Overflow),
            Value::Double(number) => Ok(Value::Double(-number)),
            _ => Err(Problem::NoSuchOverload),
        }
    }

    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &'a Expr,
        right: &'a Expr,
    ) -> Outcome<'a> {
        let left = self.expression(left)?;
        let right = self.expression(right)?;
        self.charge(1)?;
        match operator {
            Operator::Add => self.add(&left, &right),
            Operator::Subtract => subtract(&left, &right),
            Operator::Multiply | Operator::Divide | Operator::Modulo => {
                arithmetic(operator, &left, &right)
            }
            Operator::Equal => compare::equal(self, &left, &right).map(Value::Bool),
            Operator::Different => {
                compare::equal(self, &left, &right).map(|equal| Value::Bool(!equal))
            }
            Operator::In => self.contains(&left, &right),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => self.ordered(operator, &left, &right),
        }
    }

    fn ordered(&mut self, operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Outcome<'a> {
        if let (Value::Text(one), Value::Text(other)) = (left, right) {
            self.charge_text(one.as_str().len().min(other.as_str().len()))?;
        }
        let both_numbers =
            |value: &Value<'_>| matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_));
        let Some(order) = compare::order(left, right) else {
            // What is no number has no order among numbers, yet can be asked.
            let are_numbers = both_numbers(left) && both_numbers(right);
            return if are_numbers {
                Ok(Value::Bool(false))
            } else {
                Err(Problem::NoSuchOverload)
            };
        };
        Ok(Value::Bool(match operator {
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            _ => order.is_ge(),
        }))
    }

    fn add(&mut self, left: &Value<'a>, right: &Value<'a>) -> Outcome<'a> {
        match (left, right) {
            (Value::Text(one), Value::Text(other)) => {
                self.charge_text(one.as_str().len() + other.as_str().len())?;
                Ok(Value::text([one.as_str(), other.as_str()].concat()))
            }
            (Value::Bytes(one), Value::Bytes(other)) => {
                self.charge_text(one.len() + other.len())?;
                Ok(Value::Bytes(Rc::from([&**one, &**other].concat())))
            }
            (Value::List(one), Value::List(other)) => self.join(one, other),
            (Value::Time(time), Value::Span(span)) | (Value::Span(span), Value::Time(time)) => {
                moved(*time, *span)
            }
            (Value::Span(one), Value::Span(other)) => spanned(one.checked_add(*other)),
            _ => arithmetic(Operator::Add, left, right),
        }
    }

    fn join(&mut self, one: &List<'a>, other: &List<'a>) -> Outcome<'a> {
        self.charge_each(one.len() + other.len())?;
        let joined = match one.unordered() {
            Some(of) => union(of, one, other),
            None => one.iter().chain(other.iter()).collect(),
        };
        Ok(Value::list(joined))
    }
}

/// All of `one`, with what `other` has in the place of what is told apart by the same, and then the
/// rest of `other`.
fn union<'a>(of: &Unordered, one: &List<'a>, other: &List<'a>) -> Vec<Value<'a>> {
    let mut joined: Vec<Value<'a>> = one.iter().collect();
    let mut places = BTreeMap::new();
    for (place, value) in joined.iter().enumerate() {
        places.extend(identity(of, value).map(|own| (own, place)));
    }
    for value in other.iter() {
        let own = identity(of, &value);
        match own.as_ref().and_then(|own| places.get(own)) {
            Some(place) => joined[*place] = value,
            None => {
                places.extend(own.map(|own| (own, joined.len())));
                joined.push(value);
            }
        }
    }
    joined
}

fn subtract<'a>(left: &Value<'a>, right: &Value<'a>) -> Outcome<'a> {
    match (left, right) {
        (Value::Time(time), Value::Span(span)) => {
            let span = span.checked_neg().ok_or(Problem::Overflow)?;
            moved(*time, span)
        }
        (Value::Time(later), Value::Time(earlier)) => {
            let span = later.duration_since(*earlier).as_nanos();
            spanned(i64::try_from(span).ok())
        }
        (Value::Span(one), Value::Span(other)) => spanned(one.checked_sub(*other)),
        _ => arithmetic(Operator::Subtract, left, right),
    }
}

fn moved<'a>(time: Timestamp, span: i64) -> Outcome<'a> {
    let moved = time.checked_add(SignedDuration::from_nanos(span));
    moved
        .ok()
        .filter(crate::functions::time::is_in_range)
        .map(Value::Time)
        .ok_or_else(|| Problem::invalid("timestamp overflow"))
}

fn spanned<'a>(span: Option<i64>) -> Outcome<'a> {
    span.map(Value::Span)
        .ok_or_else(|| Problem::invalid("duration overflow"))
}

fn arithmetic<'a>(operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Outcome<'a> {
    match (left, right) {
        (Value::Int(one), Value::Int(other)) => ints(operator, *one, *other).map(Value::Int),
        (Value::Uint(one), Value::Uint(other)) => uints(operator, *one, *other).map(Value::Uint),
        (Value::Double(one), Value::Double(other)) => {
            doubles(operator, *one, *other).map(Value::Double)
        }
        _ => Err(Problem::NoSuchOverload),
    }
}

fn ints(operator: Operator, one: i64, other: i64) -> Result<i64, Problem> {
    let result = match operator {
        Operator::Add => one.checked_add(other),
        Operator::Subtract => one.checked_sub(other),
        Operator::Multiply => one.checked_mul(other),
        Operator::Divide if other == 0 => return Err(Problem::DivisionByZero),
        Operator::Divide => one.checked_div(other),
        Operator::Modulo if other == 0 => return Err(Problem::ModulusByZero),
        Operator::Modulo => one.checked_rem(other),
        _ => return Err(Problem::NoSuchOverload),
    };
    result.ok_or(Problem::Overflow)
}

fn uints(operator: Operator, one: u64, other: u64) -> Result<u64, Problem> {
    let result = match operator {
        Operator::Add => one.checked_add(other),
        Operator::Subtract => one.checked_sub(other),
        Operator::Multiply => one.checked_mul(other),
        Operator::Divide => return one.checked_div(other).ok_or(Problem::DivisionByZero),
        Operator::Modulo => return one.checked_rem(other).ok_or(Problem::ModulusByZero),
        _ => return Err(Problem::NoSuchOverload),
    };
    result.ok_or_else(|| Problem::invalid("unsigned integer overflow"))
}

fn doubles(operator: Operator, one: f64, other: f64) -> Result<f64, Problem> {
    Ok(match operator {
        Operator::Add => one + other,
        Operator::Subtract => one - other,
        Operator::Multiply => one * other,
        Operator::Divide => one / other,
        _ => return Err(Problem::NoSuchOverload),
    })
}
