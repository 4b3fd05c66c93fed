//! Fields, entries and elements, and calls of functions.

use crate::ast::{Access, Call, Expr};
use crate::error::Problem;
use crate::value::{Value, compare};

use super::{Machine, Outcome};

impl<'a> Machine<'a> {
    pub(super) fn select(
        &mut self,
        operand: &'a Expr,
        field: &'a str,
        access: Access,
    ) -> Outcome<'a> {
        let operand = self.expression(operand)?;
        self.charge(1)?;
        if let Value::Optional(inner) = &operand {
            let Some(inner) = inner else {
                return Ok(Value::Optional(None));
            };
            return Ok(optional(part(inner, field)?));
        }
        let found = part(&operand, field)?;
        match access {
            Access::Optional => Ok(optional(found)),
            Access::Required => found.ok_or_else(|| Problem::NoSuchKey(field.to_owned())),
        }
    }

    pub(super) fn has(&mut self, operand: &'a Expr, field: &'a str) -> Outcome<'a> {
        let operand = self.expression(operand)?;
        self.charge(1)?;
        let found = match &operand {
            Value::Optional(None) => None,
            Value::Optional(Some(inner)) => part(inner, field)?,
            operand => part(operand, field)?,
        };
        Ok(Value::Bool(found.is_some()))
    }

    pub(super) fn index(
        &mut self,
        operand: &'a Expr,
        index: &'a Expr,
        access: Access,
    ) -> Outcome<'a> {
        let operand = self.expression(operand)?;
        let index = self.expression(index)?;
        self.charge(1)?;
        if let Value::Optional(inner) = &operand {
            let Some(inner) = inner else {
                return Ok(Value::Optional(None));
            };
            return Ok(optional(entry(inner, &index)?));
        }
        let found = entry(&operand, &index)?;
        match access {
            Access::Optional => Ok(optional(found)),
            Access::Required => found.ok_or_else(|| missing(&operand, &index)),
        }
    }

    pub(super) fn call(&mut self, call: &'a Call) -> Outcome<'a> {
        let mut values = Vec::with_capacity(call.arguments.len() + 1);
        for part in call.target.iter().chain(&call.arguments) {
            values.push(self.expression(part)?);
        }
        self.charge(1)?;
        self.ready = call.pattern.as_ref();
        let function = call.function.ok_or(Problem::NoSuchOverload)?;
        for run in &function.runs {
            match run(self, &values) {
                Err(Problem::NoSuchOverload) => {}
                outcome => return outcome,
            }
        }
        Err(Problem::NoSuchOverload)
    }

    /// Whether a list has the element, or a map the key.
    pub(super) fn contains(&mut self, value: &Value<'a>, within: &Value<'a>) -> Outcome<'a> {
        let found = match within {
            Value::Map(map) => value.key().is_some_and(|key| map.get(&key).is_some()),
            Value::List(list) => {
                let mut found = false;
                for own in list.iter() {
                    found = found || compare::equal(self, value, &own)?;
                    if found {
                        break;
                    }
                }
                found
            }
            _ => return Err(Problem::NoSuchOverload),
        };
        Ok(Value::Bool(found))
    }
}

fn optional(found: Option<Value<'_>>) -> Value<'_> {
    found.map_or(Value::Optional(None), Value::some)
}

fn part<'a>(operand: &Value<'a>, field: &str) -> Result<Option<Value<'a>>, Problem> {
    match operand {
        Value::Map(map) => Ok(map.field(field)),
        _ => Err(Problem::NoSuchOverload),
    }
}

fn entry<'a>(operand: &Value<'a>, index: &Value<'a>) -> Result<Option<Value<'a>>, Problem> {
    match operand {
        Value::Map(map) => {
            let key = index.key().ok_or(Problem::NoSuchOverload)?;
            Ok(map.get(&key))
        }
        Value::List(list) => {
            let Some(number) = position(index) else {
                return Err(Problem::NoSuchOverload);
            };
            Ok(usize::try_from(number).ok().and_then(|at| list.get(at)))
        }
        _ => Err(Problem::NoSuchOverload),
    }
}

fn position(index: &Value<'_>) -> Option<i64> {
    match index.key()? {
        crate::value::Key::Int(number) if !matches!(index, Value::Bool(_)) => Some(number),
        _ => None,
    }
}

fn missing(operand: &Value<'_>, index: &Value<'_>) -> Problem {
    match (operand, position(index)) {
        (Value::List(_), Some(number)) => Problem::OutOfBounds(number),
        _ => Problem::NoSuchKey(shown(index)),
    }
}

/// A key as messages show it.
pub(super) fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Text(text) => text.as_str().to_owned(),
        other => other.type_name().to_owned(),
    }
}
