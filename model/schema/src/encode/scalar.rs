//! Values that are one piece in JSON, though some are messages on the wire.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_base::Timestamp;
use serde::de::Unexpected;

use super::wire;
use crate::proto::table::Scalar;

/// Nanoseconds in a second and in its millionth part, the steps in which moments are written.
const SECOND: i32 = 1_000_000_000;
const MICROSECOND: i32 = 1_000;

/// What may be found in JSON in the place of such a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    Bool(bool),
    Whole(i64),
    /// A whole number that is too large to have a sign.
    Large(u64),
    Fraction(f64),
    Text(&'a str),
}

impl<'a> Found<'a> {
    /// The same as errors tell it.
    pub(super) const fn unexpected(self) -> Unexpected<'a> {
        match self {
            Self::Bool(truth) => Unexpected::Bool(truth),
            Self::Whole(number) => Unexpected::Signed(number),
            Self::Large(number) => Unexpected::Unsigned(number),
            Self::Fraction(number) => Unexpected::Float(number),
            Self::Text(text) => Unexpected::Str(text),
        }
    }
}

/// Writes the field `number` with what was found in JSON; nothing when it is not of the type.
pub(super) fn write(out: &mut Vec<u8>, number: u32, of: Scalar, found: Found<'_>) -> Option<()> {
    match (of, found) {
        (Scalar::Text, Found::Text(text)) => wire::piece(out, number, text.as_bytes()),
        (Scalar::Bytes, Found::Text(text)) => {
            wire::piece(out, number, &STANDARD.decode(text).ok()?);
        }
        (Scalar::Bool, Found::Bool(truth)) => flag(out, number, truth),
        (Scalar::Int32, Found::Whole(value)) => integer(out, number, narrow(value)?.into()),
        (Scalar::Int64, Found::Whole(value)) => integer(out, number, value),
        (Scalar::Number, found) => {
            wire::tag(out, number, wire::FIXED64);
            out.extend_from_slice(&float(found)?.to_le_bytes());
        }
        (Scalar::Quantity, found) => {
            let text = quantity(found)?;
            wire::message(out, number, |out| wire::piece(out, 1, text.as_bytes()));
        }
        (Scalar::IntOrText, Found::Text(text)) => int_or_text(out, number, (1, 0, text)),
        (Scalar::IntOrText, Found::Whole(value)) => {
            int_or_text(out, number, (0, narrow(value)?, ""))
        }
        (Scalar::Time, Found::Text(text)) => moment(out, number, text, SECOND)?,
        (Scalar::MicroTime, Found::Text(text)) => moment(out, number, text, MICROSECOND)?,
        _ => return None,
    }
    Some(())
}

/// Writes the field `number` with the zero of its type.
pub(super) fn zero(out: &mut Vec<u8>, number: u32, of: Scalar) {
    match of {
        Scalar::Bool | Scalar::Int32 | Scalar::Int64 => integer(out, number, 0),
        Scalar::Number => {
            wire::tag(out, number, wire::FIXED64);
            out.extend_from_slice(&0_f64.to_le_bytes());
        }
        Scalar::Text
        | Scalar::Bytes
        | Scalar::Quantity
        | Scalar::IntOrText
        | Scalar::Time
        | Scalar::MicroTime => wire::piece(out, number, b""),
    }
}

/// Writes a field that is true or false.
pub(super) fn flag(out: &mut Vec<u8>, number: u32, truth: bool) {
    integer(out, number, truth.into());
}

/// Negative numbers are written as very large ones.
fn integer(out: &mut Vec<u8>, number: u32, value: i64) {
    wire::tag(out, number, wire::VARINT);
    wire::varint(out, value.cast_unsigned());
}

fn narrow(value: i64) -> Option<i32> {
    i32::try_from(value).ok()
}

/// Numbers of JSON are read so, whole or not.
fn float(found: Found<'_>) -> Option<f64> {
    match found {
        Found::Whole(number) => Some(number as f64),
        Found::Large(number) => Some(number as f64),
        Found::Fraction(number) => Some(number),
        Found::Bool(_) | Found::Text(_) => None,
    }
}

fn quantity(found: Found<'_>) -> Option<Cow<'_, str>> {
    match found {
        Found::Text(text) => Some(text.into()),
        Found::Whole(number) => Some(number.to_string().into()),
        Found::Large(number) => Some(number.to_string().into()),
        Found::Fraction(number) => Some(number.to_string().into()),
        Found::Bool(_) => None,
    }
}

/// The first field says which of the others counts.
fn int_or_text(out: &mut Vec<u8>, number: u32, (which, value, text): (i64, i32, &str)) {
    wire::message(out, number, |out| {
        integer(out, 1, which);
        integer(out, 2, value.into());
        wire::piece(out, 3, text.as_bytes());
    });
}

/// Seconds and nanoseconds, the latter in steps of `step`.
fn moment(out: &mut Vec<u8>, number: u32, text: &str, step: i32) -> Option<()> {
    let moment: Timestamp = text.parse().ok()?;
    // Seconds are counted downwards from a moment before the epoch, nanoseconds always upwards.
    let whole = moment.as_second() - i64::from(moment.subsec_nanosecond() < 0);
    let nanoseconds = moment.subsec_nanosecond().rem_euclid(SECOND);
    wire::message(out, number, |out| {
        integer(out, 1, whole);
        integer(out, 2, (nanoseconds - nanoseconds % step).into());
    });
    Some(())
}
