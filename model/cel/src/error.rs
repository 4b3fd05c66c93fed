//! What can be wrong with an expression: when it is compiled, and when it is evaluated.

use std::fmt;

use crate::environment::Returns;
use crate::limits::ISSUES;

/// An expression that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// It is not an expression, or does not go together.
    #[error("compilation failed: {}", Listing(issues, text))]
    Issues {
        /// Everything found, in the order of the text.
        issues: Vec<Issue>,
        /// The expression.
        text: String,
    },
    /// It gives something else than it has to.
    #[error("must evaluate to {wanted}")]
    Returns {
        /// What it has to give.
        wanted: Returns,
    },
}

/// One thing wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Where it begins, in bytes.
    pub at: usize,
    /// What it is.
    pub message: String,
}

impl CompileError {
    pub(crate) fn new(mut issues: Vec<Issue>, source: &str) -> Self {
        issues.sort_by_key(|issue| issue.at);
        issues.truncate(ISSUES);
        Self::Issues {
            issues,
            text: source.to_owned(),
        }
    }
}

impl CompileError {
    /// What was found, without saying what failed.
    #[must_use]
    pub fn listing(&self) -> String {
        match self {
            Self::Issues { issues, text } => Listing(issues, text).to_string(),
            Self::Returns { .. } => self.to_string(),
        }
    }
}

/// Findings with the lines they are in.
struct Listing<'a>(&'a [Issue], &'a str);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, issue) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            show(issue, self.1, f)?;
        }
        Ok(())
    }
}

/// The finding, the line it is in, and a mark below its place.
fn show(issue: &Issue, source: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let before = source.get(..issue.at).unwrap_or(source);
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or("").chars().count();
    let text = source.split('\n').nth(line).unwrap_or("");
    write!(
        f,
        "ERROR: <input>:{}:{}: {}\n | {text}\n | {}^",
        line + 1,
        column + 1,
        issue.message,
        ".".repeat(column)
    )
}

/// An evaluation that came to no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A field or an entry is not there.
    #[error("no such key: {0}")]
    NoSuchKey(String),
    /// A list is shorter than that.
    #[error("index out of bounds: {0}")]
    OutOfBounds(i64),
    /// No function of the name takes such values.
    #[error("no such overload")]
    NoSuchOverload,
    /// A number is too large for its type.
    #[error("integer overflow")]
    Overflow,
    /// Division by nothing.
    #[error("division by zero")]
    DivisionByZero,
    /// The rest of a division by nothing.
    #[error("modulus by zero")]
    ModulusByZero,
    /// The value was asked of an optional that has none.
    #[error("optional.none() dereference")]
    Absent,
    /// The same key twice in a map.
    #[error("insert failed: key {0} already exists")]
    RepeatedKey(String),
    /// The expression costs more than it may.
    #[error("operation cancelled: actual cost limit exceeded")]
    CostExceeded,
    /// The expression goes deeper than it may.
    #[error("expression recursion limit exceeded: {limit}", limit = crate::limits::DEPTH)]
    TooDeep,
    /// A variable failed.
    #[error("composited variable {name:?} fails to evaluate: {source}")]
    Variable {
        /// The variable.
        name: String,
        /// Why.
        source: Box<Self>,
    },
    /// A value that a function cannot take.
    #[error("{0}")]
    Invalid(String),
}

impl Problem {
    /// A value that a function cannot take.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// Whether nothing else of the same request may be evaluated any more.
    #[must_use]
    pub fn is_exhaustion(&self) -> bool {
        match self {
            Self::CostExceeded | Self::TooDeep => true,
            Self::Variable { source, .. } => source.is_exhaustion(),
            _ => false,
        }
    }
}
