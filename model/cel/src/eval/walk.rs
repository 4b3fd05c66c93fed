//! Walks over lists and maps, and names for values.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::ast::{Bind, BindKind, Expr, Loop, LoopKind};
use crate::error::Problem;
use crate::value::{Key, Map, Value};

use super::{LIST_COST, Machine, Outcome, insert};

/// What a walk has gathered.
#[derive(Default)]
struct Harvest<'a> {
    list: Vec<Value<'a>>,
    map: BTreeMap<Key<'a>, Value<'a>>,
    /// How often the body was true.
    count: usize,
    /// What went wrong first, where another element may still decide.
    problem: Option<Problem>,
}

/// Whether a walk goes on.
enum Next {
    Go,
    Stop(bool),
}

impl<'a> Machine<'a> {
    pub(super) fn walk(&mut self, own: &'a Loop) -> Outcome<'a> {
        let range = self.expression(&own.range)?;
        let pairs = own.names.len() == 2;
        let steps = self.steps(range, pairs)?;
        let mut harvest = Harvest::default();
        let bottom = self.locals.len();
        for (first, second) in steps {
            self.charge(2)?;
            self.locals.push(first.clone());
            self.locals.extend(second);
            let next = self.visit(own, &first, &mut harvest);
            self.locals.truncate(bottom);
            if let Next::Stop(truth) = next? {
                return Ok(Value::Bool(truth));
            }
        }
        harvested(own.kind, harvest)
    }

    /// What the names stand for, in order: elements or keys, or both halves of each.
    fn steps(
        &mut self,
        range: Value<'a>,
        pairs: bool,
    ) -> Result<Vec<(Value<'a>, Option<Value<'a>>)>, Problem> {
        match range {
            Value::List(list) => {
                self.charge_each(list.len() / 8)?;
                let number = |index: usize| Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
                let step = |(index, value)| match pairs {
                    true => (number(index), Some(value)),
                    false => (value, None),
                };
                Ok(list.iter().enumerate().map(step).collect())
            }
            Value::Map(map) => {
                self.charge_each(map.len() / 8)?;
                Ok(entries(&map, pairs))
            }
            _ => Err(Problem::NoSuchOverload),
        }
    }

    fn visit(
        &mut self,
        own: &'a Loop,
        first: &Value<'a>,
        harvest: &mut Harvest<'a>,
    ) -> Result<Next, Problem> {
        if let Some(filter) = &own.filter
            && !self.truth(filter)?
        {
            return Ok(Next::Go);
        }
        match own.kind {
            LoopKind::All => return self.judge(&own.body, false, harvest),
            LoopKind::Exists => return self.judge(&own.body, true, harvest),
            LoopKind::ExistsOne => harvest.count += usize::from(self.truth(&own.body)?),
            LoopKind::Filter => {
                if self.truth(&own.body)? {
                    self.charge(LIST_COST)?;
                    harvest.list.push(first.clone());
                }
            }
            LoopKind::Map => {
                self.charge(LIST_COST)?;
                let value = self.expression(&own.body)?;
                harvest.list.push(value);
            }
            LoopKind::TransformMap => {
                self.charge(LIST_COST)?;
                let value = self.expression(&own.body)?;
                insert(&mut harvest.map, first, value)?;
            }
            LoopKind::TransformEntry => self.transform(&own.body, harvest)?,
        }
        Ok(Next::Go)
    }

    /// Stops at the first element that decides. An error counts only if none does.
    fn judge(
        &mut self,
        body: &'a Expr,
        decisive: bool,
        harvest: &mut Harvest<'a>,
    ) -> Result<Next, Problem> {
        match self.truth(body) {
            Ok(truth) if truth == decisive => return Ok(Next::Stop(decisive)),
            Ok(_) => {}
            Err(problem) if problem.is_exhaustion() => return Err(problem),
            Err(problem) => {
                harvest.problem.get_or_insert(problem);
            }
        }
        Ok(Next::Go)
    }

    fn transform(&mut self, body: &'a Expr, harvest: &mut Harvest<'a>) -> Result<(), Problem> {
        let Value::Map(made) = self.expression(body)? else {
            return Err(Problem::NoSuchOverload);
        };
        self.charge_each(made.len())?;
        for key in made.keys() {
            self.charge(LIST_COST)?;
            let value = made.get(&key).unwrap_or(Value::Null);
            insert(&mut harvest.map, &key.into(), value)?;
        }
        Ok(())
    }

    pub(super) fn bind(&mut self, own: &'a Bind) -> Outcome<'a> {
        let value = self.expression(&own.value)?;
        self.charge(1)?;
        let value = match (own.kind, value) {
            (BindKind::Value, value) => value,
            (_, Value::Optional(None)) => return Ok(Value::Optional(None)),
            (_, Value::Optional(Some(inner))) => Rc::unwrap_or_clone(inner),
            _ => return Err(Problem::NoSuchOverload),
        };
        self.locals.push(value);
        let outcome = self.expression(&own.body);
        self.locals.pop();
        match own.kind {
            BindKind::Present => outcome.map(Value::some),
            BindKind::Value | BindKind::PresentFlat => outcome,
        }
    }
}

fn entries<'a>(map: &Map<'a>, pairs: bool) -> Vec<(Value<'a>, Option<Value<'a>>)> {
    let step = |key: Key<'a>| {
        let value = if pairs { map.get(&key) } else { None };
        (Value::from(key), value)
    };
    map.keys().into_iter().map(step).collect()
}

fn harvested(kind: LoopKind, harvest: Harvest<'_>) -> Outcome<'_> {
    if let Some(problem) = harvest.problem {
        return Err(problem);
    }
    Ok(match kind {
        LoopKind::All => Value::Bool(true),
        LoopKind::Exists => Value::Bool(false),
        LoopKind::ExistsOne => Value::Bool(harvest.count == 1),
        LoopKind::Filter | LoopKind::Map => Value::list(harvest.list),
        LoopKind::TransformMap | LoopKind::TransformEntry => Value::map(harvest.map),
    })
}
