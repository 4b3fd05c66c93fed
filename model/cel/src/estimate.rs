//! What an expression can cost at most, found out before it is evaluated.
//!
//! The expression is gone through with extents in the place of values: how large each can become.
//! Nothing is evaluated. What cannot be told is taken to be as large as anything can be, so that an
//! author who says how large things are is let pass, and one who does not is told to.

mod calls;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::{Bind, Expr, Literal, Loop, LoopKind, Node, Operator, Place};
use crate::environment::{Environment, Program};
use crate::eval::{LIST_COST, MAP_COST};

/// How large a value can become, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Most elements, entries, or bytes of text.
    most: u64,
    inside: Inside,
}

/// What is in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Inside {
    /// Nothing: it is a number, a truth or the like.
    Nothing,
    Text,
    List(Arc<Extent>),
    Map(Arc<Extent>),
    Object(Arc<BTreeMap<String, Extent>>),
    /// Anything.
    Unknown,
}

impl Extent {
    /// Something that has one size.
    pub const SCALAR: Self = Self {
        most: 1,
        inside: Inside::Nothing,
    };

    /// Something of which nothing is known.
    pub const UNKNOWN: Self = Self {
        most: u64::MAX,
        inside: Inside::Unknown,
    };

    /// A text of so many bytes.
    #[must_use]
    pub const fn text(most: u64) -> Self {
        Self {
            most,
            inside: Inside::Text,
        }
    }

    /// Something of at most so many bytes or parts, whatever it is.
    #[must_use]
    pub const fn either(most: u64) -> Self {
        Self {
            most,
            inside: Inside::Unknown,
        }
    }

    /// A list of so many of these.
    #[must_use]
    pub fn list(most: u64, of: Self) -> Self {
        Self {
            most,
            inside: Inside::List(Arc::new(of)),
        }
    }

    /// A map of so many of these.
    #[must_use]
    pub fn map(most: u64, of: Self) -> Self {
        Self {
            most,
            inside: Inside::Map(Arc::new(of)),
        }
    }

    /// An object with these fields.
    #[must_use]
    pub fn object(fields: BTreeMap<String, Self>) -> Self {
        Self {
            most: u64::try_from(fields.len()).unwrap_or(u64::MAX),
            inside: Inside::Object(Arc::new(fields)),
        }
    }

    /// Most elements, entries or bytes.
    pub(crate) const fn most(&self) -> u64 {
        self.most
    }

    fn sized(&self, most: u64) -> Self {
        Self {
            most,
            inside: self.inside.clone(),
        }
    }

    const fn is_text(&self) -> bool {
        matches!(self.inside, Inside::Text)
    }

    fn field(&self, name: &str) -> Self {
        match &self.inside {
            Inside::Object(fields) => fields.get(name).cloned().unwrap_or(Self::UNKNOWN),
            Inside::Map(of) => Self::clone(of),
            _ => Self::UNKNOWN,
        }
    }

    /// What an element of it is, or a value.
    pub(crate) fn part(&self) -> Self {
        match &self.inside {
            Inside::List(of) | Inside::Map(of) => Self::clone(of),
            _ => Self::UNKNOWN,
        }
    }

    /// The larger of two.
    fn or(self, other: &Self) -> Self {
        let most = self.most.max(other.most);
        if self.inside == other.inside {
            return Self { most, ..self };
        }
        let inside = match (self.inside, &other.inside) {
            (Inside::List(one), Inside::List(other)) => {
                Inside::List(Arc::new(Self::clone(&one).or(other)))
            }
            (Inside::Map(one), Inside::Map(other)) => {
                Inside::Map(Arc::new(Self::clone(&one).or(other)))
            }
            _ => Inside::Unknown,
        };
        Self { most, inside }
    }
}

impl Environment {
    /// What `program` costs at most when the names are as large as `extent` says. What it does not
    /// know is not known.
    #[must_use]
    pub fn estimate(&self, program: &Program, extent: impl Fn(&str) -> Option<Extent>) -> u64 {
        let names = self.names().iter();
        let mut estimate = Estimate {
            names: names
                .map(|(name, _)| extent(name).unwrap_or(Extent::UNKNOWN))
                .collect(),
            locals: Vec::new(),
        };
        estimate.expression(&program.root).0
    }
}

/// An expression that is gone through.
struct Estimate {
    names: Vec<Extent>,
    locals: Vec<Extent>,
}

/// What something costs, and how large it is.
type Found = (u64, Extent);

/// The tenth that going over text costs.
pub(crate) const fn tenth(bytes: u64) -> u64 {
    bytes.div_ceil(10)
}

impl Estimate {
    fn expression(&mut self, of: &Expr) -> Found {
        match &of.node {
            Node::Literal(literal) => (0, literal_extent(literal)),
            Node::Name(_, place) => (1, self.named(*place)),
            Node::Variable(_) => (1, Extent::UNKNOWN),
            Node::Select(operand, field, _) => {
                let (cost, operand) = self.expression(operand);
                (cost.saturating_add(1), operand.field(field))
            }
            Node::Has(operand, _) => {
                let (cost, _) = self.expression(operand);
                (cost.saturating_add(1), Extent::SCALAR)
            }
            Node::Index(pair, _) => {
                let (cost, operand) = self.expression(&pair.0);
                let (index, _) = self.expression(&pair.1);
                (cost.saturating_add(index).saturating_add(1), operand.part())
            }
            Node::Call(call) => self.call(call),
            Node::Not(operand) | Node::Negate(operand) => {
                let (cost, _) = self.expression(operand);
                (cost.saturating_add(1), Extent::SCALAR)
            }
            Node::Binary(operator, pair) => self.binary(*operator, pair),
            Node::And(operands) | Node::Or(operands) => (self.all(operands), Extent::SCALAR),
            Node::Conditional(parts) => {
                let [(condition, _), (yes, one), (no, other)] =
                    parts.each_ref().map(|part| self.expression(part));
                (condition.saturating_add(yes.max(no)), one.or(&other))
            }
            Node::List(entries) => {
                let found = entries.iter().map(|entry| self.expression(&entry.value));
                let (cost, of) = gathered(found.collect());
                let of = Extent::list(count(entries.len()), of);
                (cost.saturating_add(LIST_COST), of)
            }
            Node::Map(entries) => {
                let found = entries.iter().map(|entry| {
                    let (key, _) = self.expression(&entry.value.0);
                    let (cost, of) = self.expression(&entry.value.1);
                    (cost.saturating_add(key), of)
                });
                let (cost, of) = gathered(found.collect());
                let of = Extent::map(count(entries.len()), of);
                (cost.saturating_add(MAP_COST), of)
            }
            Node::Loop(own) => self.walk(own),
            Node::Bind(own) => self.bind(own),
        }
    }

    fn named(&self, place: Place) -> Extent {
        let found = match place {
            Place::Declared(number) => self.names.get(number),
            Place::Local(number) => self.locals.get(number),
            Place::Type | Place::Unknown => None,
        };
        found.cloned().unwrap_or(Extent::UNKNOWN)
    }

    fn all(&mut self, of: &[Expr]) -> u64 {
        let costs = of.iter().map(|of| self.expression(of).0);
        costs.fold(0, u64::saturating_add)
    }

    fn binary(&mut self, operator: Operator, pair: &(Expr, Expr)) -> Found {
        let (left_cost, left) = self.expression(&pair.0);
        let (right_cost, right) = self.expression(&pair.1);
        let both = left_cost.saturating_add(right_cost);
        let smaller = left.most.min(right.most);
        let (own, gives) = match operator {
            Operator::Add => sum(left, &right),
            Operator::Equal | Operator::Different => (tenth(smaller), Extent::SCALAR),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => {
                let is_text = left.is_text() || right.is_text();
                (if is_text { tenth(smaller) } else { 1 }, Extent::SCALAR)
            }
            Operator::In => {
                let is_list = matches!(right.inside, Inside::List(_) | Inside::Unknown);
                (if is_list { right.most } else { 1 }, Extent::SCALAR)
            }
            Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo => {
                (1, Extent::SCALAR)
            }
        };
        (both.saturating_add(own), gives)
    }

    fn walk(&mut self, own: &Loop) -> Found {
        let (cost, range) = self.expression(&own.range);
        let bottom = self.locals.len();
        self.locals.extend(steps(&range, own.names.len() == 2));
        let filter = own.filter.as_ref();
        let filter = filter.map_or(0, |filter| self.expression(filter).0);
        let (body, made) = self.expression(&own.body);
        let (first, _) = (self.locals[bottom].clone(), self.locals.truncate(bottom));
        let (each, gives) = match own.kind {
            LoopKind::All => (3, Extent::SCALAR),
            LoopKind::Exists => (4, Extent::SCALAR),
            LoopKind::ExistsOne => (2, Extent::SCALAR),
            LoopKind::Filter => (3 + LIST_COST, Extent::list(range.most, first)),
            LoopKind::Map => (2 + LIST_COST, Extent::list(range.most, made)),
            LoopKind::TransformMap => (2 + LIST_COST, Extent::map(range.most, made)),
            LoopKind::TransformEntry => (2 + LIST_COST, Extent::map(range.most, made.part())),
        };
        let once = filter.saturating_add(body).saturating_add(each);
        let cost = cost.saturating_add(once.saturating_mul(range.most));
        (cost.saturating_add(1), gives)
    }

    fn bind(&mut self, own: &Bind) -> Found {
        let (cost, value) = self.expression(&own.value);
        self.locals.push(value);
        let (body, gives) = self.expression(&own.body);
        self.locals.pop();
        (cost.saturating_add(body).saturating_add(1), gives)
    }
}

/// What the names of a walk stand for.
fn steps(range: &Extent, pairs: bool) -> Vec<Extent> {
    let (first, second) = match &range.inside {
        Inside::List(of) if pairs => (Extent::SCALAR, Extent::clone(of)),
        Inside::List(of) => (Extent::clone(of), Extent::UNKNOWN),
        Inside::Map(of) => (Extent::text(u64::MAX), Extent::clone(of)),
        Inside::Object(_) => (Extent::text(u64::MAX), Extent::UNKNOWN),
        Inside::Nothing | Inside::Text | Inside::Unknown => (Extent::UNKNOWN, Extent::UNKNOWN),
    };
    let mut steps = vec![first];
    steps.extend(pairs.then_some(second));
    steps
}

fn sum(left: Extent, right: &Extent) -> Found {
    let most = left.most.saturating_add(right.most);
    match (&left.inside, &right.inside) {
        (Inside::List(_), _) | (_, Inside::List(_)) => (1, left.or(right).sized(most)),
        (Inside::Nothing, Inside::Nothing) => (1, Extent::SCALAR),
        _ => (tenth(most), left.or(right).sized(most)),
    }
}

fn gathered(found: Vec<Found>) -> Found {
    let cost = found.iter().map(|(cost, _)| *cost);
    let cost = cost.fold(0, u64::saturating_add);
    let of = found.into_iter().map(|(_, of)| of);
    let of = of.reduce(|one, other| one.or(&other));
    (cost, of.unwrap_or(Extent::SCALAR))
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn literal_extent(literal: &Literal) -> Extent {
    match literal {
        Literal::Text(text) => Extent::text(count(text.len())),
        Literal::Bytes(bytes) => Extent::text(count(bytes.len())),
        Literal::Null
        | Literal::Bool(_)
        | Literal::Int(_)
        | Literal::Uint(_)
        | Literal::Double(_) => Extent::SCALAR,
    }
}
