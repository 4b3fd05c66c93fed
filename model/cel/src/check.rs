//! Finds out what names and calls mean, and whether the types go together.
//!
//! All findings are collected. What is not known passes; only what cannot be right is refused.

mod calls;
mod operators;
mod scopes;

use std::sync::Arc;

use crate::ast::{Access, Entry, Expr, Literal, Node, Place};
use crate::environment::Environment;
use crate::error::{CompileError, Issue};
use crate::limits::ISSUES;
use crate::types::Type;

/// The name below which variables are.
const VARIABLES: &str = "variables";

/// Names of types, which are values.
const TYPES: [&str; 11] = [
    "bool",
    "bytes",
    "double",
    "duration",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

/// Goes through one expression.
pub(crate) struct Checker<'a> {
    environment: &'a Environment,
    /// The names that loops around the present place give.
    locals: Vec<(String, Type)>,
    issues: Vec<Issue>,
}

impl<'a> Checker<'a> {
    pub(crate) const fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            locals: Vec::new(),
            issues: Vec::new(),
        }
    }

    /// Completes the tree and says what it gives.
    pub(crate) fn check(mut self, root: &mut Expr, source: &str) -> Result<Type, CompileError> {
        let gives = self.expression(root);
        if self.issues.is_empty() {
            return Ok(gives);
        }
        Err(CompileError::new(self.issues, source))
    }

    fn issue(&mut self, at: usize, message: String) {
        // One more than is told, so that there is an end to it.
        if self.issues.len() <= ISSUES {
            self.issues.push(Issue { at, message });
        }
    }

    fn undeclared(&mut self, at: usize, name: &str) -> Type {
        let message = format!("undeclared reference to '{name}' (in container '')");
        self.issue(at, message);
        Type::Dyn
    }

    fn mismatch(&mut self, at: usize, name: &str, given: &str) -> Type {
        let message = format!("found no matching overload for '{name}' applied to '{given}'");
        self.issue(at, message);
        Type::Dyn
    }

    fn expression(&mut self, of: &mut Expr) -> Type {
        let at = of.at;
        if let Some(node) = self.variable(of).or_else(|| self.dotted(of)) {
            of.node = node;
        }
        match &mut of.node {
            Node::Literal(literal) => literal_type(literal),
            Node::Variable(number) => self.environment.variables()[*number].of.clone(),
            Node::Name(name, place) => self.name(at, name, place),
            Node::Select(operand, field, access) => {
                let operand = self.expression(operand);
                let found = self.field(at, &operand, field);
                wrapped(&operand, *access, found)
            }
            Node::Has(operand, field) => {
                let operand = self.expression(operand);
                self.field(at, &operand, field);
                Type::Bool
            }
            Node::Index(pair, access) => {
                let (operand, index) = &mut **pair;
                let (operand, index) = (self.expression(operand), self.expression(index));
                let found = self.entry(at, &operand, &index);
                wrapped(&operand, *access, found)
            }
            Node::Call(call) => self.call(at, call),
            Node::Not(operand) => {
                let given = self.expression(operand);
                self.bools(at, "!_", &[given])
            }
            Node::Negate(operand) => self.negated(at, operand),
            Node::Binary(operator, pair) => self.binary(at, *operator, pair),
            Node::And(operands) => self.chain(at, "_&&_", operands),
            Node::Or(operands) => self.chain(at, "_||_", operands),
            Node::Conditional(parts) => self.conditional(at, parts),
            Node::List(entries) => self.list(entries),
            Node::Map(entries) => self.map(entries),
            Node::Loop(own) => self.walk(at, own),
            Node::Bind(own) => self.bind(at, own),
        }
    }

    /// What an expression is that looks like a field of `variables`.
    fn variable(&mut self, of: &Expr) -> Option<Node> {
        let (Node::Select(operand, field, _) | Node::Has(operand, field)) = &of.node else {
            return None;
        };
        let Node::Name(name, _) = &operand.node else {
            return None;
        };
        let is_other = self.locals.iter().any(|(own, _)| own == VARIABLES)
            || self.environment.find(VARIABLES).is_some();
        if name != VARIABLES || is_other || !self.environment.has_variables() {
            return None;
        }
        let Some((number, _)) = self.environment.variable(field) else {
            self.issue(of.at, format!("undefined field '{field}'"));
            return Some(Node::Literal(Literal::Null));
        };
        Some(match of.node {
            Node::Has(..) => Node::Literal(Literal::Bool(true)),
            _ => Node::Variable(number),
        })
    }

    /// The name that an expression is which looks like a field of another name.
    fn dotted(&self, of: &Expr) -> Option<Node> {
        let Node::Select(operand, field, Access::Required) = &of.node else {
            return None;
        };
        let Node::Name(name, _) = &operand.node else {
            return None;
        };
        let whole = format!("{name}.{field}");
        let is_local = self.locals.iter().any(|(own, _)| own == name);
        let is_declared = !is_local && self.environment.find(&whole).is_some();
        is_declared.then_some(Node::Name(whole, Place::Unknown))
    }

    fn name(&mut self, at: usize, name: &str, place: &mut Place) -> Type {
        if let Some(number) = self.locals.iter().rposition(|(own, _)| own == name) {
            *place = Place::Local(number);
            return self.locals[number].1.clone();
        }
        if let Some((number, of)) = self.environment.find(name) {
            *place = Place::Declared(number);
            return of.clone();
        }
        if TYPES.contains(&name) {
            *place = Place::Type;
            return Type::Type;
        }
        self.undeclared(at, name)
    }

    /// What the field of such an operand is.
    fn field(&mut self, at: usize, operand: &Type, field: &str) -> Type {
        match operand {
            Type::Dyn => Type::Dyn,
            Type::Map(_, of) => Type::clone(of),
            Type::Optional(inner) => self.field(at, inner, field),
            Type::Object(of) if of.has(field) => {
                operand.field(field).map_or(Type::Dyn, |(_, of)| of.clone())
            }
            Type::Object(_) => {
                self.issue(at, format!("undefined field '{field}'"));
                Type::Dyn
            }
            other => {
                self.issue(
                    at,
                    format!("type '{other}' does not support field selection"),
                );
                Type::Dyn
            }
        }
    }

    fn entry(&mut self, at: usize, operand: &Type, index: &Type) -> Type {
        match operand {
            Type::Dyn => Type::Dyn,
            Type::Optional(inner) => self.entry(at, inner, index),
            Type::List(of) if matches!(index, Type::Int | Type::Dyn) => Type::clone(of),
            Type::Map(key, of) if key.joined(index).is_some() => Type::clone(of),
            other => self.mismatch(at, "_[_]", &format!("({other}, {index})")),
        }
    }

    fn list(&mut self, entries: &mut [Entry<Expr>]) -> Type {
        let mut of = None;
        for entry in entries {
            let at = entry.value.at;
            let given = self.expression(&mut entry.value);
            let given = self.held(at, given, entry.is_optional);
            of = Some(self.alike(at, of, given));
        }
        Type::list(of.unwrap_or_default())
    }

    /// A list whose elements need not be alike.
    fn mixed(&mut self, entries: &mut [Entry<Expr>]) -> Type {
        for entry in entries {
            let given = self.expression(&mut entry.value);
            self.held(entry.value.at, given, entry.is_optional);
        }
        Type::list(Type::Dyn)
    }

    fn map(&mut self, entries: &mut [Entry<(Expr, Expr)>]) -> Type {
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            let (key, value) = &mut entry.value;
            let key_type = self.expression(key);
            keys = Some(self.alike(key.at, keys, key_type));
            let value_type = self.expression(value);
            let value_type = self.held(value.at, value_type, entry.is_optional);
            values = Some(self.alike(value.at, values, value_type));
        }
        Type::Map(
            Arc::new(keys.unwrap_or_default()),
            Arc::new(values.unwrap_or_default()),
        )
    }

    /// What an entry holds: itself, or what is in it if that is optional.
    fn held(&mut self, at: usize, given: Type, is_optional: bool) -> Type {
        match given {
            given if !is_optional => given,
            Type::Optional(inner) => Type::clone(&inner),
            Type::Dyn => Type::Dyn,
            other => {
                self.issue(
                    at,
                    format!("expected type 'optional_type' but found '{other}'"),
                );
                Type::Dyn
            }
        }
    }

    /// Elements of one list are alike.
    fn alike(&mut self, at: usize, known: Option<Type>, given: Type) -> Type {
        let Some(known) = known else { return given };
        known.joined(&given).unwrap_or_else(|| {
            self.issue(at, format!("expected type '{known}' but found '{given}'"));
            known
        })
    }
}

/// What is asked of an optional, or in its way, is optional.
fn wrapped(operand: &Type, access: Access, found: Type) -> Type {
    if access == Access::Optional || matches!(operand, Type::Optional(_)) {
        return Type::optional(found);
    }
    found
}

const fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::Text(_) => Type::Text,
        Literal::Bytes(_) => Type::Bytes,
    }
}
