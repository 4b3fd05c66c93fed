//! Texts: parts, places, and texts made of texts. Places are counted in characters.

use super::Row;
use super::convert::count;
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::{Text, Value};

pub(super) const ROWS: &[Row] = &[
    ("charAt", &["string.charAt(int) -> string"], char_at),
    (
        "contains",
        &["string.contains(string) -> bool"],
        |machine, values| test(machine, values, |text, part| text.contains(part)),
    ),
    (
        "endsWith",
        &["string.endsWith(string) -> bool"],
        |machine, values| test(machine, values, |text, part| text.ends_with(part)),
    ),
    (
        "indexOf",
        &[
            "string.indexOf(string) -> int",
            "string.indexOf(string, int) -> int",
        ],
        index_of,
    ),
    (
        "join",
        &[
            "list<string>.join() -> string",
            "list<string>.join(string) -> string",
        ],
        join,
    ),
    (
        "lastIndexOf",
        &[
            "string.lastIndexOf(string) -> int",
            "string.lastIndexOf(string, int) -> int",
        ],
        last_index_of,
    ),
    (
        "lowerAscii",
        &["string.lowerAscii() -> string"],
        |machine, values| change(machine, values, str::to_ascii_lowercase),
    ),
    (
        "replace",
        &[
            "string.replace(string, string) -> string",
            "string.replace(string, string, int) -> string",
        ],
        replace,
    ),
    (
        "reverse",
        &["string.reverse() -> string"],
        |machine, values| change(machine, values, |text| text.chars().rev().collect()),
    ),
    (
        "split",
        &[
            "string.split(string) -> list<string>",
            "string.split(string, int) -> list<string>",
        ],
        split,
    ),
    (
        "startsWith",
        &["string.startsWith(string) -> bool"],
        |machine, values| test(machine, values, |text, part| text.starts_with(part)),
    ),
    (
        "strings.quote",
        &[":strings.quote(string) -> string"],
        |machine, values| change(machine, values, |text| format!("{text:?}")),
    ),
    (
        "substring",
        &[
            "string.substring(int) -> string",
            "string.substring(int, int) -> string",
        ],
        substring,
    ),
    ("trim", &["string.trim() -> string"], |machine, values| {
        change(machine, values, |text| text.trim().to_owned())
    }),
    (
        "upperAscii",
        &["string.upperAscii() -> string"],
        |machine, values| change(machine, values, str::to_ascii_uppercase),
    ),
];

/// The text that a function is called on, once going over it is paid for.
pub(super) fn receiver<'v, 'a>(
    machine: &mut Machine<'a>,
    values: &'v [Value<'a>],
) -> Result<&'v str, Problem> {
    let Some(Value::Text(text)) = values.first() else {
        return Err(Problem::NoSuchOverload);
    };
    machine.charge_text(text.as_str().len())?;
    Ok(text.as_str())
}

/// The text that a function takes and nothing else, once going over it is paid for.
pub(super) fn text<'v, 'a>(
    machine: &mut Machine<'a>,
    values: &'v [Value<'a>],
) -> Result<&'v str, Problem> {
    match values {
        [Value::Text(_)] => receiver(machine, values),
        _ => Err(Problem::NoSuchOverload),
    }
}

fn test<'a>(
    machine: &mut Machine<'a>,
    values: &[Value<'a>],
    test: fn(&str, &str) -> bool,
) -> Outcome<'a> {
    let text = receiver(machine, values)?;
    match &values[1..] {
        [Value::Text(part)] => Ok(Value::Bool(test(text, part.as_str()))),
        _ => Err(Problem::NoSuchOverload),
    }
}

fn change<'a>(
    machine: &mut Machine<'a>,
    values: &[Value<'a>],
    change: fn(&str) -> String,
) -> Outcome<'a> {
    let text = receiver(machine, values)?;
    Ok(Value::text(change(text)))
}

/// Where the character with the number is, in bytes; the end is behind the last.
fn offset(text: &str, number: i64) -> Result<usize, Problem> {
    let wrong = || Problem::invalid(format!("index out of range: {number}"));
    let wanted = usize::try_from(number).map_err(|_| wrong())?;
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let mut ends = ends.skip(wanted);
    ends.next().ok_or_else(wrong)
}

/// The number of the character that begins at `at`.
fn number(text: &str, at: usize) -> Value<'static> {
    count(text[..at].chars().count())
}

fn char_at<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let text = receiver(machine, values)?;
    let [_, Value::Int(at)] = values else {
        return Err(Problem::NoSuchOverload);
    };
    let at = offset(text, *at)?;
    let found: String = text[at..].chars().take(1).collect();
    Ok(Value::text(found))
}

fn index_of<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let text = receiver(machine, values)?;
    let (part, from) = match &values[1..] {
        [Value::Text(part)] => (part.as_str(), 0),
        [Value::Text(part), Value::Int(from)] => (part.as_str(), offset(text, *from)?),
        _ => return Err(Problem::NoSuchOverload),
    };
    let found = text[from..].find(part);
    Ok(found.map_or(Value::Int(-1), |at| number(text, from + at)))
}

fn last_index_of<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let text = receiver(machine, values)?;
    let (part, last) = match &values[1..] {
        [Value::Text(part)] => (part.as_str(), text.len()),
        [Value::Text(part), Value::Int(from)] => (part.as_str(), offset(text, *from)?),
        _ => return Err(Problem::NoSuchOverload),
    };
    // What is found may begin at the last place, and end behind it.
    let mut end = text.len().min(last + part.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let found = text[..end].rfind(part);
    Ok(found.map_or(Value::Int(-1), |at| number(text, at)))
}

fn join<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let (list, between) = match values {
        [Value::List(list)] => (list, ""),
        [Value::List(list), Value::Text(between)] => (list, between.as_str()),
        _ => return Err(Problem::NoSuchOverload),
    };
    machine.charge_each(list.len())?;
    let mut joined = String::new();
    for (index, value) in list.iter().enumerate() {
        let part = value.as_str().ok_or(Problem::NoSuchOverload)?;
        machine.charge_text(part.len() + between.len())?;
        if index > 0 {
            joined.push_str(between);
        }
        joined.push_str(part);
    }
    Ok(Value::text(joined))
}

/// How many times something is done: as often as possible if the number is negative.
fn times(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn replace<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let text = receiver(machine, values)?;
    let (old, new, limit) = match &values[1..] {
        [Value::Text(old), Value::Text(new)] => (old.as_str(), new.as_str(), usize::MAX),
        [Value::Text(old), Value::Text(new), Value::Int(limit)] => {
            (old.as_str(), new.as_str(), times(*limit))
        }
        _ => return Err(Problem::NoSuchOverload),
    };
    let most = match old.len() {
        0 => text.chars().count() + 1,
        length => text.len() / length,
    };
    machine.charge_text(most.min(limit).saturating_mul(new.len()))?;
    Ok(Value::text(text.replacen(old, new, limit)))
}

fn split<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let text = receiver(machine, values)?;
    let (between, limit) = match &values[1..] {
        [Value::Text(between)] => (between.as_str(), usize::MAX),
        [Value::Text(between), Value::Int(limit)] => (between.as_str(), times(*limit)),
        _ => return Err(Problem::NoSuchOverload),
    };
    let most = match between.len() {
        0 => text.len(),
        length => text.len() / length,
    };
    machine.charge_each(most.min(limit))?;
    if between.is_empty() {
        return Ok(Value::list(characters(text, limit)));
    }
    let parts = text.splitn(limit, between).map(Value::text);
    Ok(Value::list(parts.collect()))
}

/// Every character by itself; what the limit leaves is one part.
fn characters<'a>(text: &str, limit: usize) -> Vec<Value<'a>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if parts.len() + 1 >= limit {
            break;
        }
        let (first, after) = rest.split_at(c.len_utf8());
        parts.push(Value::text(first));
        rest = after;
    }
    if !rest.is_empty() && limit > 0 {
        parts.push(Value::text(rest));
    }
    parts
}

fn substring<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let text = receiver(machine, values)?;
    let (begin, end) = match &values[1..] {
        [Value::Int(begin)] => (offset(text, *begin)?, text.len()),
        [Value::Int(begin), Value::Int(end)] => {
            if begin > end {
                let message = format!("invalid substring range. start: {begin}, end: {end}");
                return Err(Problem::invalid(message));
            }
            (offset(text, *begin)?, offset(text, *end)?)
        }
        _ => return Err(Problem::NoSuchOverload),
    };
    Ok(match &values[0] {
        // A part of what is borrowed is borrowed, too.
        Value::Text(Text::Borrowed(text)) => Value::from(&text[begin..end]),
        _ => Value::text(&text[begin..end]),
    })
}
