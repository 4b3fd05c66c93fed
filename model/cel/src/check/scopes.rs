//! Walks and bindings: what gives names to what is inside of them.

use std::sync::Arc;

use crate::ast::{Bind, BindKind, Expr, Loop, LoopKind};
use crate::types::Type;

use super::Checker;

impl Checker<'_> {
    pub(super) fn walk(&mut self, at: usize, own: &mut Loop) -> Type {
        let range_at = own.range.at;
        let range = self.expression(&mut own.range);
        let (first, second) = self.steps(range_at, &range, own.names.len() == 2);
        let bottom = self.locals.len();
        let types = [first.clone(), second.clone()];
        self.locals.extend(own.names.iter().cloned().zip(types));
        if let Some(filter) = &mut own.filter {
            self.judgement(at, "_?_:_", filter);
        }
        let gives = self.harvest(at, own, (range, first));
        self.locals.truncate(bottom);
        gives
    }

    /// What the names stand for.
    fn steps(&mut self, at: usize, range: &Type, pairs: bool) -> (Type, Type) {
        match range {
            Type::Dyn => (Type::Dyn, Type::Dyn),
            Type::List(of) if pairs => (Type::Int, Type::clone(of)),
            Type::List(of) => (Type::clone(of), Type::Dyn),
            Type::Map(key, of) => (Type::clone(key), Type::clone(of)),
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be \
                     list, map, or dynamic)"
                );
                self.issue(at, message);
                (Type::Dyn, Type::Dyn)
            }
        }
    }

    fn harvest(&mut self, at: usize, own: &mut Loop, (range, first): (Type, Type)) -> Type {
        match own.kind {
            LoopKind::All => self.judgement(at, "_&&_", &mut own.body),
            LoopKind::Exists => self.judgement(at, "_||_", &mut own.body),
            LoopKind::ExistsOne => self.judgement(at, "_?_:_", &mut own.body),
            LoopKind::Filter => {
                self.judgement(at, "_?_:_", &mut own.body);
                Type::list(first)
            }
            LoopKind::Map => Type::list(self.expression(&mut own.body)),
            LoopKind::TransformMap => {
                let value = self.expression(&mut own.body);
                let key = match range {
                    Type::Map(..) | Type::List(_) => first,
                    _ => Type::Dyn,
                };
                Type::Map(Arc::new(key), Arc::new(value))
            }
            LoopKind::TransformEntry => match self.expression(&mut own.body) {
                given @ (Type::Map(..) | Type::Dyn) => given,
                other => {
                    self.issue(at, format!("expected type 'map' but found '{other}'"));
                    Type::Dyn
                }
            },
        }
    }

    fn judgement(&mut self, at: usize, name: &str, body: &mut Expr) -> Type {
        let given = self.expression(body);
        if !matches!(given, Type::Bool | Type::Dyn) {
            self.mismatch(at, name, &format!("(bool, {given})"));
        }
        Type::Bool
    }

    pub(super) fn bind(&mut self, at: usize, own: &mut Bind) -> Type {
        let value = self.expression(&mut own.value);
        let inner = match (own.kind, value) {
            (BindKind::Value, value) => value,
            (_, Type::Optional(inner)) => Type::clone(&inner),
            (_, Type::Dyn) => Type::Dyn,
            (_, other) => self.mismatch(at, "optMap", &format!("{other}")),
        };
        let bottom = self.locals.len();
        self.locals.push((own.name.clone(), inner));
        let body = self.expression(&mut own.body);
        self.locals.truncate(bottom);
        match own.kind {
            BindKind::Present => Type::optional(body),
            BindKind::Value | BindKind::PresentFlat => body,
        }
    }
}
