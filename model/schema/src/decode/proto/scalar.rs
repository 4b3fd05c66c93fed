//! Values that are one piece in JSON, though some are messages on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_base::{Timestamp, time};
use serde_json::Number;

use super::wire::{self, Malformed, Raw};
use crate::decode::node::NodeKind;
use crate::proto::table::Scalar;

/// The first and the last second that RFC 3339 can write.
const CALENDAR: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// Below this every whole float is one integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a value.
pub(super) fn read(of: Scalar, raw: Raw<'_>) -> Result<NodeKind<'_>, Malformed> {
    Ok(match of {
        Scalar::Text => NodeKind::Text(raw.text()?.into()),
        Scalar::Bytes => NodeKind::Text(STANDARD.encode(raw.bytes()?).into()),
        Scalar::Bool => NodeKind::Bool(raw.integer()? != 0),
        Scalar::Int32 => NodeKind::Number(narrow(raw)?.into()),
        Scalar::Int64 => NodeKind::Number(raw.integer()?.into()),
        Scalar::Number => NodeKind::Number(float(raw)?),
        Scalar::Quantity => quantity(raw.bytes()?)?,
        Scalar::IntOrText => int_or_text(raw.bytes()?)?,
        Scalar::Time => moment(raw.bytes()?, time::rfc3339)?,
        Scalar::MicroTime => moment(raw.bytes()?, time::rfc3339_micro)?,
    })
}

/// Whether several values may stand one behind the other in one piece.
pub(super) const fn is_packable(of: Scalar) -> bool {
    matches!(of, Scalar::Bool | Scalar::Int32 | Scalar::Int64)
}

/// What zero looks like on the wire.
pub(super) const fn zero(of: Scalar) -> Raw<'static> {
    match of {
        Scalar::Bool | Scalar::Int32 | Scalar::Int64 => Raw::Varint(0),
        Scalar::Number => Raw::Fixed64(0),
        Scalar::Text
        | Scalar::Bytes
        | Scalar::Quantity
        | Scalar::IntOrText
        | Scalar::Time
        | Scalar::MicroTime => Raw::Bytes(&[]),
    }
}

fn float(raw: Raw<'_>) -> Result<Number, Malformed> {
    let number = raw.float()?;
    // What is whole is written without a fraction, as it was before it became a float.
    if number.fract() == 0.0
        && number.abs() < EXACT
        && let Ok(whole) = format!("{number:.0}").parse::<i64>()
    {
        return Ok(Number::from(whole));
    }
    Number::from_f64(number).ok_or(Malformed::Range)
}

fn narrow(raw: Raw<'_>) -> Result<i32, Malformed> {
    i32::try_from(raw.integer()?).map_err(|_| Malformed::Range)
}

/// An amount is a text in a message; none is zero.
fn quantity(message: &[u8]) -> Result<NodeKind<'_>, Malformed> {
    let [text] = wire::fields(message)?;
    let text = text.map_or(Ok(""), Raw::text)?;
    let text = if text.is_empty() { "0" } else { text };
    Ok(NodeKind::Text(text.into()))
}

/// A number, unless the first field says that it is a text.
fn int_or_text(message: &[u8]) -> Result<NodeKind<'_>, Malformed> {
    let [which, number, text] = wire::fields(message)?;
    Ok(match which.map_or(Ok(0), Raw::integer)? {
        0 => NodeKind::Number(number.map_or(Ok(0), narrow)?.into()),
        1 => NodeKind::Text(text.map_or(Ok(""), Raw::text)?.into()),
        _ => return Err(Malformed::Range),
    })
}

/// Seconds and nanoseconds; an empty message is no moment at all.
fn moment(message: &[u8], print: fn(Timestamp) -> String) -> Result<NodeKind<'_>, Malformed> {
    if message.is_empty() {
        return Ok(NodeKind::Null);
    }
    let [seconds, nanoseconds] = wire::fields(message)?;
    let seconds = seconds.map_or(Ok(0), Raw::integer)?;
    let nanoseconds = nanoseconds.map_or(Ok(0), narrow)?;
    if !CALENDAR.contains(&seconds) || !(0..1_000_000_000).contains(&nanoseconds) {
        return Err(Malformed::Moment);
    }
    let moment = Timestamp::new(seconds, nanoseconds).map_err(|_| Malformed::Moment)?;
    Ok(NodeKind::Text(print(moment).into()))
}
