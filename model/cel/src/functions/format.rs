//! `format`: texts with places for values.

use super::{Row, convert, time};
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::limits::PRECISION;
use crate::value::{List, Map, Value};

pub(super) const ROWS: &[Row] = &[("format", &["string.format(list<dyn>) -> string"], format)];

/// Digits behind the point when nobody says.
const USUAL_PRECISION: usize = 6;

fn format<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let [Value::Text(pattern), Value::List(list)] = values else {
        return Err(Problem::NoSuchOverload);
    };
    let mut rest = pattern.as_str();
    machine.charge_text(rest.len())?;
    let mut made = String::with_capacity(rest.len());
    let mut next = 0;
    while let Some(at) = rest.find('%') {
        made.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            made.push('%');
            rest = after;
            continue;
        }
        let (precision, after) = precision(rest)?;
        let verb = after
            .chars()
            .next()
            .ok_or_else(|| wrong("unexpected end of string"))?;
        rest = &after[verb.len_utf8()..];
        let value = list
            .get(next)
            .ok_or_else(|| wrong(&format!("index {next} out of range")))?;
        next += 1;
        let shown = shown(machine, verb, precision, &value)?;
        machine.charge_text(shown.len())?;
        made.push_str(&shown);
    }
    made.push_str(rest);
    Ok(Value::text(made))
}

fn wrong(message: &str) -> Problem {
    Problem::invalid(format!("error during formatting: {message}"))
}

fn precision(text: &str) -> Result<(Option<usize>, &str), Problem> {
    let Some(digits) = text.strip_prefix('.') else {
        return Ok((None, text));
    };
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let number = digits[..end]
        .parse()
        .ok()
        .filter(|number| *number <= PRECISION);
    let number = number.ok_or_else(|| wrong("unable to parse precision specifier"))?;
    Ok((Some(number), &digits[end..]))
}

fn shown<'a>(
    machine: &mut Machine<'a>,
    verb: char,
    precision: Option<usize>,
    value: &Value<'a>,
) -> Result<String, Problem> {
    let digits = precision.unwrap_or(USUAL_PRECISION);
    match (verb, value) {
        ('s', value) => text(machine, value),
        ('d', Value::Int(number)) => Ok(number.to_string()),
        ('d', Value::Uint(number)) => Ok(number.to_string()),
        ('d', Value::Double(number)) if !number.is_finite() => Ok(convert::shown(*number)),
        ('f', value) => double(value).map(|number| format!("{number:.digits$}")),
        ('e', value) => {
            double(value).map(|number| convert::exponent(&format!("{number:.digits$e}")))
        }
        ('b', Value::Int(number)) => Ok(signed(*number, |size| format!("{size:b}"))),
        ('b', Value::Uint(number)) => Ok(format!("{number:b}")),
        ('b', Value::Bool(truth)) => Ok(u8::from(*truth).to_string()),
        ('o', Value::Int(number)) => Ok(signed(*number, |size| format!("{size:o}"))),
        ('o', Value::Uint(number)) => Ok(format!("{number:o}")),
        ('x', value) => hex(value),
        ('X', value) => hex(value).map(|text| text.to_uppercase()),
        ('d' | 'b' | 'o', other) => Err(unfit(other)),
        (other, _) => Err(wrong(&format!(
            "unrecognized formatting clause \"{other}\""
        ))),
    }
}

fn unfit(value: &Value<'_>) -> Problem {
    wrong(&format!("unsupported type: {}", value.type_name()))
}

fn signed(number: i64, show: fn(u64) -> String) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", show(number.unsigned_abs()))
}

fn double(value: &Value<'_>) -> Result<f64, Problem> {
    match value {
        Value::Double(number) => Ok(*number),
        Value::Int(number) => Ok(*number as f64),
        Value::Uint(number) => Ok(*number as f64),
        other => Err(unfit(other)),
    }
}

fn hex(value: &Value<'_>) -> Result<String, Problem> {
    let of = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match value {
        Value::Int(number) => Ok(signed(*number, |size| format!("{size:x}"))),
        Value::Uint(number) => Ok(format!("{number:x}")),
        Value::Text(text) => Ok(of(text.as_str().as_bytes())),
        Value::Bytes(bytes) => Ok(of(bytes)),
        other => Err(unfit(other)),
    }
}

/// A value as a text, whatever it is.
fn text<'a>(machine: &mut Machine<'a>, value: &Value<'a>) -> Result<String, Problem> {
    machine.charge(1)?;
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => convert::shown(*number),
        Value::Text(text) => {
            machine.charge_text(text.as_str().len())?;
            text.as_str().to_owned()
        }
        Value::Bytes(bytes) => {
            machine.charge_text(bytes.len())?;
            String::from_utf8_lossy(bytes).into_owned()
        }
        Value::Time(time) => time::shown_time(*time),
        Value::Span(nanos) => time::shown_span(*nanos),
        Value::Type(name) => name.to_string(),
        Value::List(list) => return machine.deeper(|machine| listed(machine, list)),
        Value::Map(map) => return machine.deeper(|machine| mapped(machine, map)),
        other => return Err(unfit(other)),
    })
}

fn listed<'a>(machine: &mut Machine<'a>, list: &List<'a>) -> Result<String, Problem> {
    let mut parts = Vec::new();
    for value in list.iter() {
        parts.push(text(machine, &value)?);
    }
    Ok(format!("[{}]", parts.join(", ")))
}

fn mapped<'a>(machine: &mut Machine<'a>, map: &Map<'a>) -> Result<String, Problem> {
    let mut parts = Vec::new();
    for key in map.keys() {
        let value = map.get(&key).unwrap_or(Value::Null);
        let value = text(machine, &value)?;
        parts.push(format!("{}: {value}", text(machine, &key.into())?));
    }
    Ok(format!("{{{}}}", parts.join(", ")))
}
