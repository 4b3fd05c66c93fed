//! Which values signs go between.

use crate::ast::{Expr, Operator};
use crate::types::Type;

use super::Checker;

impl Checker<'_> {
    pub(super) fn chain(&mut self, at: usize, name: &str, operands: &mut [Expr]) -> Type {
        let given: Vec<Type> = operands
            .iter_mut()
            .map(|operand| self.expression(operand))
            .collect();
        self.bools(at, name, &given)
    }

    pub(super) fn bools(&mut self, at: usize, name: &str, given: &[Type]) -> Type {
        let is_bool = |of: &Type| matches!(of, Type::Bool | Type::Dyn);
        if !given.iter().all(is_bool) {
            self.mismatch(at, name, &listed(given));
        }
        Type::Bool
    }

    pub(super) fn negated(&mut self, at: usize, operand: &mut Expr) -> Type {
        match self.expression(operand) {
            given @ (Type::Int | Type::Double | Type::Dyn) => given,
            other => self.mismatch(at, "-_", &format!("({other})")),
        }
    }

    pub(super) fn conditional(&mut self, at: usize, parts: &mut [Expr; 3]) -> Type {
        let given = parts.each_mut().map(|part| self.expression(part));
        let [condition, yes, no] = &given;
        let is_bool = matches!(condition, Type::Bool | Type::Dyn);
        match yes.joined(no).filter(|_| is_bool) {
            Some(of) => of,
            None => self.mismatch(at, "_?_:_", &listed(&given)),
        }
    }

    pub(super) fn binary(
        &mut self,
        at: usize,
        operator: Operator,
        pair: &mut (Expr, Expr),
    ) -> Type {
        let given = [self.expression(&mut pair.0), self.expression(&mut pair.1)];
        let [left, right] = &given;
        let gives = match operator {
            Operator::Add => sum(left, right),
            Operator::Subtract => difference(left, right),
            Operator::Multiply | Operator::Divide => same(left, right, is_number),
            Operator::Modulo => same(left, right, |of| matches!(of, Type::Int | Type::Uint)),
            Operator::Equal | Operator::Different => left.joined(right).map(|_| Type::Bool),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => ordered(left, right),
            Operator::In => within(left, right),
        };
        gives.unwrap_or_else(|| {
            self.mismatch(at, operator.name(), &listed(&given));
            Type::Dyn
        })
    }
}

pub(super) fn listed(types: &[Type]) -> String {
    let shown: Vec<String> = types.iter().map(ToString::to_string).collect();
    format!("({})", shown.join(", "))
}

const fn is_number(of: &Type) -> bool {
    matches!(of, Type::Int | Type::Uint | Type::Double)
}

/// Both are of one type among those that `takes` says; what is not known follows the other.
fn same(left: &Type, right: &Type, takes: impl Fn(&Type) -> bool) -> Option<Type> {
    match (left, right) {
        (Type::Dyn, Type::Dyn) => Some(Type::Dyn),
        (Type::Dyn, known) | (known, Type::Dyn) => takes(known).then(|| known.clone()),
        (left, right) => (left == right && takes(left)).then(|| left.clone()),
    }
}

fn sum(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (Type::Time, Type::Span) | (Type::Span, Type::Time) => Some(Type::Time),
        (Type::Dyn, Type::Time | Type::Span) | (Type::Time | Type::Span, Type::Dyn) => {
            Some(Type::Dyn)
        }
        (Type::List(_), Type::List(_)) => left.joined(right),
        (Type::List(_), Type::Dyn) | (Type::Dyn, Type::List(_)) => Some(Type::list(Type::Dyn)),
        _ => same(left, right, |of| {
            is_number(of) || matches!(of, Type::Text | Type::Bytes | Type::Span)
        }),
    }
}

fn difference(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (Type::Time, Type::Time) => Some(Type::Span),
        (Type::Time, Type::Span) => Some(Type::Time),
        (Type::Time, Type::Dyn) | (Type::Dyn, Type::Time | Type::Span) => Some(Type::Dyn),
        _ => same(left, right, |of| is_number(of) || *of == Type::Span),
    }
}

fn ordered(left: &Type, right: &Type) -> Option<Type> {
    if is_number(left) && is_number(right) {
        return Some(Type::Bool);
    }
    same(left, right, |of| {
        let is_other = matches!(
            of,
            Type::Bool | Type::Text | Type::Bytes | Type::Time | Type::Span
        );
        is_other || is_number(of)
    })
    .map(|_| Type::Bool)
}

fn within(value: &Type, range: &Type) -> Option<Type> {
    let of = match range {
        Type::List(of) | Type::Map(of, _) => of,
        Type::Dyn => return Some(Type::Bool),
        _ => return None,
    };
    value.joined(of).map(|_| Type::Bool)
}
