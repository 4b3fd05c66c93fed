//! Versions in three numbers, such as `1.2.3-rc.1`.

use std::cmp::Ordering;

use super::opaque::Opaque;
use super::{Row, strings};
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::Value;

/// A version in three numbers. What is built of it does not tell versions apart.
#[derive(Clone, Debug)]
pub struct Version {
    numbers: [u64; 3],
    before: Vec<Part>,
}

/// A part of what comes before a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Text(String),
}

pub(super) const ROWS: &[Row] = &[
    (
        "compareTo",
        &["semver.compareTo(semver) -> int"],
        |_, values| order(values).map(|order| Value::Int(i64::from(order as i8))),
    ),
    (
        "isGreaterThan",
        &["semver.isGreaterThan(semver) -> bool"],
        |_, values| order(values).map(|order| Value::Bool(order.is_gt())),
    ),
    (
        "isLessThan",
        &["semver.isLessThan(semver) -> bool"],
        |_, values| order(values).map(|order| Value::Bool(order.is_lt())),
    ),
    (
        "isSemver",
        &["isSemver(string) -> bool", "isSemver(string, bool) -> bool"],
        |machine, values| read(machine, values).map(|own| Value::Bool(own.is_some())),
    ),
    ("major", &["semver.major() -> int"], |_, values| {
        number(values, 0)
    }),
    ("minor", &["semver.minor() -> int"], |_, values| {
        number(values, 1)
    }),
    ("patch", &["semver.patch() -> int"], |_, values| {
        number(values, 2)
    }),
    (
        "semver",
        &["semver(string) -> semver", "semver(string, bool) -> semver"],
        |machine, values| {
            let own = read(machine, values)?;
            let own = own.ok_or_else(|| Problem::invalid("Invalid semantic version"))?;
            Ok(Value::opaque(Opaque::Version(own)))
        },
    ),
];

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let (text, build) = text
            .split_once('+')
            .map_or((text, None), |(text, build)| (text, Some(build)));
        let (numbers, before) = text
            .split_once('-')
            .map_or((text, None), |(text, before)| (text, Some(before)));
        let are_words = build.is_none_or(|build| build.split('.').all(is_word));
        let before = before.map_or(Some(Vec::new()), |before| {
            before.split('.').map(Part::parse).collect()
        })?;
        let mut parts = numbers.split('.').map(whole);
        let numbers = [parts.next()??, parts.next()??, parts.next()??];
        (parts.next().is_none() && are_words).then_some(Self { numbers, before })
    }

    pub(crate) fn cmp(&self, other: &Self) -> Ordering {
        let is_release = |own: &Self| own.before.is_empty();
        let by_numbers = self.numbers.cmp(&other.numbers);
        let by_release = is_release(self).cmp(&is_release(other));
        by_numbers
            .then(by_release)
            .then_with(|| self.before.cmp(&other.before))
    }
}

impl Part {
    fn parse(text: &str) -> Option<Self> {
        if text.bytes().all(|c| c.is_ascii_digit()) {
            return whole(text).map(Self::Number);
        }
        is_word(text).then(|| Self::Text(text.to_owned()))
    }
}

/// A number without zeros before it.
fn whole(text: &str) -> Option<u64> {
    let is_plain = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| is_plain)
}

fn is_word(text: &str) -> bool {
    let is_part = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    !text.is_empty() && text.bytes().all(is_part)
}

fn read<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Result<Option<Version>, Problem> {
    let text = strings::text(machine, &values[..1])?;
    match values.get(1) {
        None | Some(Value::Bool(false)) => Ok(Version::parse(text)),
        Some(Value::Bool(true)) => Ok(Version::parse(&normalized(text))),
        Some(_) => Err(Problem::NoSuchOverload),
    }
}

/// Without a letter before it or zeros, and with all three numbers.
fn normalized(text: &str) -> String {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let mut parts: Vec<&str> = numbers
        .split('.')
        .map(|part| match part.trim_start_matches('0') {
            "" if !part.is_empty() => "0",
            part => part,
        })
        .collect();
    while parts.len() < 3 {
        parts.push("0");
    }
    format!("{}{rest}", parts.join("."))
}

fn version<'v>(value: Option<&'v Value<'_>>) -> Result<&'v Version, Problem> {
    match value {
        Some(Value::Opaque(opaque)) => match &**opaque {
            Opaque::Version(own) => Ok(own),
            _ => Err(Problem::NoSuchOverload),
        },
        _ => Err(Problem::NoSuchOverload),
    }
}

fn order(values: &[Value<'_>]) -> Result<Ordering, Problem> {
    Ok(version(values.first())?.cmp(version(values.get(1))?))
}

fn number<'a>(values: &[Value<'a>], at: usize) -> Outcome<'a> {
    let number = version(values.first())?.numbers[at];
    Ok(Value::Int(i64::try_from(number).unwrap_or(i64::MAX)))
}
