//! From one type to another, and how large something is.

use std::rc::Rc;

use gantry_base::Timestamp;

use super::opaque::Opaque;
use super::{Row, time};
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::{Text, Value};

pub(super) const ROWS: &[Row] = &[
    (
        "bool",
        &["bool(bool) -> bool", "bool(string) -> bool"],
        to_bool,
    ),
    (
        "bytes",
        &["bytes(bytes) -> bytes", "bytes(string) -> bytes"],
        to_bytes,
    ),
    (
        "double",
        &[
            "double(double) -> double",
            "double(int) -> double",
            "double(uint) -> double",
            "double(string) -> double",
        ],
        to_double,
    ),
    (
        "duration",
        &[
            "duration(duration) -> duration",
            "duration(string) -> duration",
            "duration(int) -> duration",
        ],
        to_span,
    ),
    ("dyn", &["dyn(A) -> dyn"], |_, values| Ok(values[0].clone())),
    (
        "int",
        &[
            "int(int) -> int",
            "int(uint) -> int",
            "int(double) -> int",
            "int(string) -> int",
            "int(timestamp) -> int",
            "int(duration) -> int",
        ],
        to_int,
    ),
    (
        "size",
        &[
            "size(string) -> int",
            "size(bytes) -> int",
            "size(list<A>) -> int",
            "size(map<A, B>) -> int",
            "string.size() -> int",
            "bytes.size() -> int",
            "list<A>.size() -> int",
            "map<A, B>.size() -> int",
        ],
        size,
    ),
    (
        "string",
        &[
            "string(string) -> string",
            "string(bool) -> string",
            "string(int) -> string",
            "string(uint) -> string",
            "string(double) -> string",
            "string(bytes) -> string",
            "string(timestamp) -> string",
            "string(duration) -> string",
            "string(ip) -> string",
            "string(cidr) -> string",
        ],
        to_text,
    ),
    (
        "timestamp",
        &[
            "timestamp(timestamp) -> timestamp",
            "timestamp(string) -> timestamp",
            "timestamp(int) -> timestamp",
        ],
        to_time,
    ),
    ("type", &["type(A) -> type"], |_, values| {
        Ok(Value::Type(Rc::from(values[0].type_name())))
    }),
    (
        "uint",
        &[
            "uint(uint) -> uint",
            "uint(int) -> uint",
            "uint(double) -> uint",
            "uint(string) -> uint",
        ],
        to_uint,
    ),
];

/// How large a value is, as a number of the language.
pub(crate) fn count(size: usize) -> Value<'static> {
    Value::Int(i64::try_from(size).unwrap_or(i64::MAX))
}

fn wrong(text: &str, wanted: &str) -> Problem {
    Problem::invalid(format!("type conversion error from '{text}' to '{wanted}'"))
}

fn size<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    Ok(count(match values {
        [Value::Text(text)] => {
            machine.charge_text(text.as_str().len())?;
            text.as_str().chars().count()
        }
        [Value::Bytes(bytes)] => bytes.len(),
        [Value::List(list)] => list.len(),
        [Value::Map(map)] => map.len(),
        _ => return Err(Problem::NoSuchOverload),
    }))
}

fn to_bool<'a>(_: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    match &values[0] {
        Value::Bool(truth) => Ok(Value::Bool(*truth)),
        Value::Text(text) => match text.as_str() {
            "1" | "t" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            other => Err(wrong(other, "bool")),
        },
        _ => Err(Problem::NoSuchOverload),
    }
}

fn to_bytes<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    match &values[0] {
        Value::Bytes(bytes) => Ok(Value::Bytes(Rc::clone(bytes))),
        Value::Text(text) => {
            machine.charge_text(text.as_str().len())?;
            Ok(Value::Bytes(Rc::from(text.as_str().as_bytes())))
        }
        _ => Err(Problem::NoSuchOverload),
    }
}

fn to_double<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Double(match &values[0] {
        Value::Double(number) => *number,
        Value::Int(number) => *number as f64,
        Value::Uint(number) => *number as f64,
        Value::Text(text) => {
            machine.charge_text(text.as_str().len())?;
            let parsed = text.as_str().parse();
            parsed.map_err(|_| wrong(text.as_str(), "double"))?
        }
        _ => return Err(Problem::NoSuchOverload),
    }))
}

fn to_int<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    Ok(Value::Int(match &values[0] {
        Value::Int(number) => *number,
        Value::Uint(number) => i64::try_from(*number).map_err(|_| Problem::Overflow)?,
        Value::Double(number) => truncated(*number)?,
        Value::Text(text) => {
            machine.charge_text(text.as_str().len())?;
            let parsed = text.as_str().parse();
            parsed.map_err(|_| wrong(text.as_str(), "int"))?
        }
        Value::Time(time) => time.as_second(),
        Value::Span(nanos) => *nanos,
        _ => return Err(Problem::NoSuchOverload),
    }))
}

#[expect(clippy::cast_possible_truncation, reason = "the bounds are looked at")]
fn truncated(number: f64) -> Result<i64, Problem> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if number.abs() < BOUND {
        Ok(number as i64)
    } else {
        Err(Problem::Overflow)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the bounds are looked at"
)]
fn to_uint<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    const BOUND: f64 = 18_446_744_073_709_551_616.0;
    Ok(Value::Uint(match &values[0] {
        Value::Uint(number) => *number,
        Value::Int(number) => u64::try_from(*number).map_err(|_| Problem::Overflow)?,
        Value::Double(number) if (0.0..BOUND).contains(number) => *number as u64,
        Value::Double(_) => return Err(Problem::Overflow),
        Value::Text(text) => {
            machine.charge_text(text.as_str().len())?;
            let parsed = text.as_str().parse();
            parsed.map_err(|_| wrong(text.as_str(), "uint"))?
        }
        _ => return Err(Problem::NoSuchOverload),
    }))
}

fn to_text<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let text = match &values[0] {
        Value::Text(text) => return Ok(Value::Text(Text::clone(text))),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => shown(*number),
        Value::Bytes(bytes) => {
            machine.charge_text(bytes.len())?;
            let text = std::str::from_utf8(bytes);
            let invalid = |_| Problem::invalid("invalid UTF-8 in bytes, cannot convert to string");
            text.map_err(invalid)?.to_owned()
        }
        Value::Time(time) => time::shown_time(*time),
        Value::Span(nanos) => time::shown_span(*nanos),
        Value::Opaque(opaque) => match &**opaque {
            Opaque::Ip(address) => address.to_string(),
            Opaque::Cidr(block) => block.to_string(),
            _ => return Err(Problem::NoSuchOverload),
        },
        _ => return Err(Problem::NoSuchOverload),
    };
    Ok(Value::text(text))
}

/// A fraction as texts show it: no point behind whole ones, an exponent far from one.
pub(crate) fn shown(number: f64) -> String {
    let size = number.abs();
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else if size != 0.0 && !(1e-4..1e21).contains(&size) {
        exponent(&format!("{number:e}"))
    } else {
        format!("{number}")
    }
}

/// With a sign and two digits behind the letter at least.
pub(crate) fn exponent(text: &str) -> String {
    let Some((fraction, power)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, digits) = match power.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', power),
    };
    format!("{fraction}e{sign}{digits:0>2}")
}

fn to_time<'a>(_: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    match &values[0] {
        Value::Time(time) => Ok(Value::Time(*time)),
        Value::Int(seconds) => Timestamp::from_second(*seconds)
            .ok()
            .filter(time::is_in_range)
            .map(Value::Time)
            .ok_or_else(|| Problem::invalid("timestamp overflow")),
        Value::Text(text) => time::parse_time(text.as_str())
            .map(Value::Time)
            .ok_or_else(|| wrong(text.as_str(), "google.protobuf.Timestamp")),
        _ => Err(Problem::NoSuchOverload),
    }
}

fn to_span<'a>(_: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    match &values[0] {
        Value::Span(nanos) | Value::Int(nanos) => Ok(Value::Span(*nanos)),
        Value::Text(text) => time::parse_span(text.as_str())
            .map(Value::Span)
            .ok_or_else(|| wrong(text.as_str(), "google.protobuf.Duration")),
        _ => Err(Problem::NoSuchOverload),
    }
}
