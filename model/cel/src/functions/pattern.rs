//! Regular expressions: RE2's, in time that grows with the text and not with its powers.

mod dialect;

use std::ops::Deref;
use std::rc::Rc;

use regex::{Regex, RegexBuilder};

use super::{Row, strings};
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::limits::REGEX_BYTES;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    ("find", &["string.find(string) -> string"], find),
    (
        "findAll",
        &[
            "string.findAll(string) -> list<string>",
            "string.findAll(string, int) -> list<string>",
        ],
        find_all,
    ),
    (
        "matches",
        &[
            "string.matches(string) -> bool",
            "matches(string, string) -> bool",
        ],
        matches,
    ),
];

/// What going over a text with a pattern costs is the product of their lengths.
fn charge(machine: &mut Machine<'_>, text: &str, pattern: &str) -> Result<(), Problem> {
    let text = (text.len() + 1).div_ceil(10);
    machine.charge_each(text.saturating_mul(pattern.len().div_ceil(4).max(1)))
}

/// A pattern that is ready for use.
#[derive(Debug)]
pub(crate) enum Pattern<'a> {
    /// One that was compiled with the expression.
    Ready(&'a Regex),
    /// One that was compiled for this evaluation.
    Made(Rc<Regex>),
}

impl Deref for Pattern<'_> {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        match self {
            Self::Ready(own) => own,
            Self::Made(own) => own,
        }
    }
}

/// Compiles a pattern within bounds.
pub(crate) fn compile(pattern: &str) -> Result<Regex, Problem> {
    RegexBuilder::new(&dialect::translate(pattern))
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(REGEX_BYTES)
        .build()
        .map_err(|_| Problem::invalid(format!("error parsing regexp: `{pattern}`")))
}

/// Whether a function of this name takes a pattern.
pub(crate) fn takes_pattern(name: &str) -> bool {
    ROWS.iter().any(|(own, _, _)| *own == name)
}

fn prepared<'v, 'a>(
    machine: &mut Machine<'a>,
    values: &'v [Value<'a>],
) -> Result<(&'v str, Pattern<'a>), Problem> {
    let text = strings::receiver(machine, values)?;
    let pattern = values.get(1).and_then(Value::as_str);
    let pattern = pattern.ok_or(Problem::NoSuchOverload)?;
    charge(machine, text, pattern)?;
    Ok((text, machine.pattern(pattern)?))
}

fn matches<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let (text, pattern) = prepared(machine, values)?;
    Ok(Value::Bool(pattern.is_match(text)))
}

fn find<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let (text, pattern) = prepared(machine, values)?;
    let found = pattern.find(text).map_or("", |found| found.as_str());
    Ok(Value::text(found))
}

fn find_all<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let (text, pattern) = prepared(machine, values)?;
    let limit = match &values[2..] {
        [] => usize::MAX,
        [Value::Int(limit)] => usize::try_from(*limit).unwrap_or(usize::MAX),
        _ => return Err(Problem::NoSuchOverload),
    };
    machine.charge_each(text.len().min(limit))?;
    let found = pattern.find_iter(text).take(limit);
    let found = found.map(|found| Value::text(found.as_str()));
    Ok(Value::list(found.collect()))
}
