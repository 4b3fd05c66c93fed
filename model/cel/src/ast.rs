//! Expressions as trees: what the parser builds, the checker completes and evaluation walks.

use std::sync::Arc;

use regex::Regex;

use crate::functions::Function;

/// A part of an expression.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    /// Where it is in the text, in bytes: its operator, or its beginning.
    pub(crate) at: usize,
    /// How many levels there are, itself included.
    pub(crate) depth: usize,
    pub(crate) node: Node,
}

/// What a part of an expression is.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Literal(Literal),
    Name(String, Place),
    /// `operand.field`, and `operand.?field`.
    Select(Box<Expr>, String, Access),
    /// `operand[index]`, and `operand[?index]`.
    Index(Box<(Expr, Expr)>, Access),
    Call(Box<Call>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary(Operator, Box<(Expr, Expr)>),
    /// True when all of these are.
    And(Vec<Expr>),
    /// True when one of these is.
    Or(Vec<Expr>),
    /// `condition ? yes : no`.
    Conditional(Box<[Expr; 3]>),
    List(Vec<Entry<Expr>>),
    Map(Vec<Entry<(Expr, Expr)>>),
    /// `has(operand.field)`.
    Has(Box<Expr>, String),
    Loop(Box<Loop>),
    /// A name for a value inside of an expression.
    Bind(Box<Bind>),
    /// The value of a variable that the environment defines, by its number.
    Variable(usize),
}

/// Where the value of a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Not known yet.
    Unknown,
    /// Among those that the environment declares.
    Declared(usize),
    /// Among those of the surrounding loops, from the outermost.
    Local(usize),
    /// It names a type.
    Type,
}

/// How something absent is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It is an error.
    Required,
    /// It makes an optional without value.
    Optional,
}

/// An entry of a list or a map that is written out.
#[derive(Clone, Debug)]
pub(crate) struct Entry<T> {
    pub(crate) value: T,
    /// Whether the value is an optional, and there is no entry when it is absent.
    pub(crate) is_optional: bool,
}

/// A value that is written out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
}

/// A call of a function.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// What stands before the name, if anything.
    pub(crate) target: Option<Expr>,
    pub(crate) arguments: Vec<Expr>,
    /// What the name means; the checker finds out.
    pub(crate) function: Option<&'static Function>,
    /// The pattern that is written out among the arguments, ready for use.
    pub(crate) pattern: Option<Regex>,
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

impl Operator {
    /// The name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Add => "_+_",
            Self::Subtract => "_-_",
            Self::Multiply => "_*_",
            Self::Divide => "_/_",
            Self::Modulo => "_%_",
            Self::Equal => "_==_",
            Self::Different => "_!=_",
            Self::Less => "_<_",
            Self::LessOrEqual => "_<=_",
            Self::Greater => "_>_",
            Self::GreaterOrEqual => "_>=_",
            Self::In => "@in",
        }
    }
}

/// A walk over the elements of a list or the entries of a map.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    pub(crate) kind: LoopKind,
    pub(crate) range: Expr,
    /// One name for elements or keys, or two for index or key, and value.
    pub(crate) names: Vec<String>,
    /// Which elements count.
    pub(crate) filter: Option<Expr>,
    pub(crate) body: Expr,
}

/// What a walk is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoopKind {
    /// Whether the body is true of all.
    All,
    /// Whether it is true of one at least.
    Exists,
    /// Whether it is true of exactly one.
    ExistsOne,
    /// Those that it is true of.
    Filter,
    /// What it makes of each.
    Map,
    /// The same keys with other values.
    TransformMap,
    /// One entry made of each.
    TransformEntry,
}

/// A name for a value inside of an expression.
#[derive(Clone, Debug)]
pub(crate) struct Bind {
    pub(crate) kind: BindKind,
    pub(crate) name: String,
    pub(crate) value: Expr,
    pub(crate) body: Expr,
}

/// What a name is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BindKind {
    /// A value.
    Value,
    /// What is in an optional, if anything; the outcome becomes an optional.
    Present,
    /// What is in an optional, if anything; the outcome is an optional.
    PresentFlat,
}
