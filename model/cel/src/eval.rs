//! Evaluation, with what it costs.
//!
//! Every step is charged before its work is done; who runs out of budget fails at once. Neither
//! time nor memory of an evaluation exceeds what its budget pays for.

mod access;
mod operators;
mod walk;

use std::collections::BTreeMap;
use std::rc::Rc;

use regex::Regex;

use crate::ast::{Entry, Expr, Literal, Node, Place};
use crate::authority::Authority;
use crate::environment::{Environment, Program};
use crate::error::Problem;
use crate::functions::pattern::{self, Pattern};
use crate::limits::{CALL_COST, DEPTH, PATTERN_COST, PATTERNS, REQUEST_COST};
use crate::value::{Key, Value};

/// A value, or why there is none.
pub(crate) type Outcome<'a> = Result<Value<'a>, Problem>;

/// What writing a list costs, and what writing a map does.
pub(crate) const LIST_COST: u64 = 10;
pub(crate) const MAP_COST: u64 = 30;

/// Evaluates the programs of one request, all of them with the same values and one budget.
#[derive(Debug)]
pub struct Machine<'a> {
    environment: &'a Environment,
    /// By the numbers of their names.
    values: Vec<Option<Value<'a>>>,
    /// By the numbers of the variables, those that were asked for.
    known: Vec<Option<Outcome<'a>>>,
    pub(crate) authority: Option<&'a dyn Authority>,
    /// The values of the names that loops give.
    locals: Vec<Value<'a>>,
    /// Where those of the program that is evaluated begin.
    frame: usize,
    /// The regular expression of the call that is evaluated, if it is written out there.
    ready: Option<&'a Regex>,
    /// Others that were compiled.
    patterns: BTreeMap<String, Rc<Regex>>,
    depth: usize,
    call_left: u64,
    request_left: u64,
}

impl<'a> Machine<'a> {
    /// A machine whose names have no values yet.
    #[must_use]
    pub fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            values: vec![None; environment.names().len()],
            known: vec![None; environment.variables().len()],
            authority: None,
            locals: Vec::new(),
            frame: 0,
            ready: None,
            patterns: BTreeMap::new(),
            depth: 0,
            call_left: 0,
            request_left: REQUEST_COST,
        }
    }

    /// The same with another budget for all of the request.
    #[must_use]
    pub const fn with_budget(mut self, cost: u64) -> Self {
        self.request_left = cost;
        self
    }

    /// The same with somebody who answers questions to the authorizer.
    #[must_use]
    pub const fn with_authority(mut self, authority: &'a dyn Authority) -> Self {
        self.authority = Some(authority);
        self
    }

    /// What is left of the budget.
    #[must_use]
    pub const fn budget(&self) -> u64 {
        self.request_left
    }

    /// Gives a name its value. A name that the environment does not have is nothing to anybody.
    pub fn set(&mut self, name: &str, value: Value<'a>) {
        if let Some((number, _)) = self.environment.find(name) {
            self.values[number] = Some(value);
            self.known.fill(None);
        }
    }

    /// What the program comes to.
    pub fn evaluate(&mut self, program: &'a Program) -> Result<Value<'a>, Problem> {
        self.call_left = CALL_COST;
        self.locals.clear();
        self.frame = 0;
        self.depth = 0;
        self.expression(&program.root)
    }

    /// Takes from the budgets.
    pub(crate) fn charge(&mut self, cost: u64) -> Result<(), Problem> {
        let left = self.call_left.min(self.request_left);
        let taken = cost.min(left);
        self.call_left -= taken;
        self.request_left -= taken;
        if taken < cost {
            return Err(Problem::CostExceeded);
        }
        Ok(())
    }

    /// Takes what it costs to go over so many bytes of text once.
    pub(crate) fn charge_text(&mut self, bytes: usize) -> Result<(), Problem> {
        self.charge(u64::try_from(bytes.div_ceil(10)).unwrap_or(u64::MAX))
    }

    /// Takes what it costs to go over so many values once.
    pub(crate) fn charge_each(&mut self, values: usize) -> Result<(), Problem> {
        self.charge(u64::try_from(values).unwrap_or(u64::MAX))
    }

    /// The pattern of the present call, ready for use.
    pub(crate) fn pattern(&mut self, text: &str) -> Result<Pattern<'a>, Problem> {
        if let Some(ready) = self.ready {
            return Ok(Pattern::Ready(ready));
        }
        if let Some(known) = self.patterns.get(text) {
            return Ok(Pattern::Made(Rc::clone(known)));
        }
        self.charge(PATTERN_COST)?;
        let made = Rc::new(pattern::compile(text)?);
        if self.patterns.len() < PATTERNS {
            self.patterns.insert(text.to_owned(), Rc::clone(&made));
        }
        Ok(Pattern::Made(made))
    }

    /// Goes one level deeper, if that is allowed.
    pub(crate) fn deeper<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        if self.depth == DEPTH {
            return Err(Problem::TooDeep);
        }
        self.depth += 1;
        let outcome = act(self);
        self.depth -= 1;
        outcome
    }

    pub(crate) fn expression(&mut self, of: &'a Expr) -> Outcome<'a> {
        if self.depth == DEPTH {
            return Err(Problem::TooDeep);
        }
        self.depth += 1;
        let outcome = self.node(&of.node);
        self.depth -= 1;
        outcome
    }

    fn node(&mut self, node: &'a Node) -> Outcome<'a> {
        match node {
            Node::Literal(literal) => Ok(written(literal)),
            Node::Name(name, place) => self.named(name, *place),
            Node::Variable(number) => self.variable(*number),
            Node::Select(operand, field, access) => self.select(operand, field, *access),
            Node::Index(pair, access) => self.index(&pair.0, &pair.1, *access),
            Node::Has(operand, field) => self.has(operand, field),
            Node::Call(call) => self.call(call),
            Node::Not(operand) => self.not(operand),
            Node::Negate(operand) => self.negate(operand),
            Node::Binary(operator, pair) => self.binary(*operator, &pair.0, &pair.1),
            Node::And(operands) => self.chain(operands, false),
            Node::Or(operands) => self.chain(operands, true),
            Node::Conditional(parts) => self.conditional(parts),
            Node::List(entries) => self.list(entries),
            Node::Map(entries) => self.map(entries),
            Node::Loop(own) => self.walk(own),
            Node::Bind(own) => self.bind(own),
        }
    }

    fn named(&mut self, name: &'a str, place: Place) -> Outcome<'a> {
        self.charge(1)?;
        let value = match place {
            Place::Local(number) => self.locals.get(self.frame + number).cloned(),
            Place::Declared(number) => self.values[number].clone(),
            Place::Type => Some(Value::Type(Rc::from(name))),
            Place::Unknown => None,
        };
        value.ok_or_else(|| Problem::invalid(format!("no such attribute(s): {name}")))
    }

    /// The value of a variable, which is evaluated once.
    fn variable(&mut self, number: usize) -> Outcome<'a> {
        self.charge(1)?;
        if let Some(known) = &self.known[number] {
            return known.clone();
        }
        let variable = &self.environment.variables()[number];
        let Some(program) = &variable.program else {
            return Err(Problem::invalid("the variable was not compiled"));
        };
        let frame = std::mem::replace(&mut self.frame, self.locals.len());
        let outcome = self.expression(&program.root);
        self.frame = frame;
        let outcome = outcome.map_err(|source| Problem::Variable {
            name: variable.name.clone(),
            source: Box::new(source),
        });
        self.known[number] = Some(outcome.clone());
        outcome
    }

    /// True or false as soon as one operand is `decisive`, whatever became of the others.
    fn chain(&mut self, operands: &'a [Expr], decisive: bool) -> Outcome<'a> {
        let mut first = None;
        for operand in operands {
            match self.truth(operand) {
                Ok(truth) if truth == decisive => return Ok(Value::Bool(decisive)),
                Ok(_) => {}
                Err(problem) if problem.is_exhaustion() => return Err(problem),
                Err(problem) => first = first.or(Some(problem)),
            }
        }
        first.map_or(Ok(Value::Bool(!decisive)), Err)
    }

    pub(crate) fn truth(&mut self, of: &'a Expr) -> Result<bool, Problem> {
        match self.expression(of)? {
            Value::Bool(truth) => Ok(truth),
            _ => Err(Problem::NoSuchOverload),
        }
    }

    fn conditional(&mut self, [condition, yes, no]: &'a [Expr; 3]) -> Outcome<'a> {
        self.charge(1)?;
        let chosen = if self.truth(condition)? { yes } else { no };
        self.expression(chosen)
    }

    fn list(&mut self, entries: &'a [Entry<Expr>]) -> Outcome<'a> {
        self.charge(LIST_COST)?;
        self.charge_each(entries.len())?;
        let mut values = Vec::with_capacity(entries.len());
        for entry in entries {
            let value = self.expression(&entry.value)?;
            values.extend(given(value, entry.is_optional)?);
        }
        Ok(Value::list(values))
    }

    fn map(&mut self, entries: &'a [Entry<(Expr, Expr)>]) -> Outcome<'a> {
        self.charge(MAP_COST)?;
        self.charge_each(entries.len())?;
        let mut values = BTreeMap::new();
        for entry in entries {
            let (key, value) = &entry.value;
            let key = self.expression(key)?;
            let value = self.expression(value)?;
            if let Some(value) = given(value, entry.is_optional)? {
                insert(&mut values, &key, value)?;
            }
        }
        Ok(Value::map(values))
    }
}

/// The value of an entry, if it has one.
fn given(value: Value<'_>, is_optional: bool) -> Result<Option<Value<'_>>, Problem> {
    match value {
        value if !is_optional => Ok(Some(value)),
        Value::Optional(value) => Ok(value.map(Rc::unwrap_or_clone)),
        _ => Err(Problem::NoSuchOverload),
    }
}

/// Puts an entry into a map, which must be a new one.
pub(crate) fn insert<'a>(
    map: &mut BTreeMap<Key<'a>, Value<'a>>,
    key: &Value<'a>,
    value: Value<'a>,
) -> Result<(), Problem> {
    let own = key
        .key()
        .ok_or_else(|| Problem::invalid(format!("unsupported key type: {}", key.type_name())))?;
    if map.insert(own, value).is_some() {
        return Err(Problem::RepeatedKey(access::shown(key)));
    }
    Ok(())
}

fn written(literal: &Literal) -> Value<'_> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(truth) => Value::Bool(*truth),
        Literal::Int(number) => Value::Int(*number),
        Literal::Uint(number) => Value::Uint(*number),
        Literal::Double(number) => Value::Double(*number),
        Literal::Text(text) => Value::from(&**text),
        Literal::Bytes(bytes) => Value::Bytes(Rc::from(&**bytes)),
    }
}
