//! Moments and spans of time: how they are written, and their parts.

use gantry_base::{Timestamp, zone};
use jiff::Zoned;
use jiff::tz::{Offset, TimeZone};

use super::Row;
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::Value;

const SECOND: i64 = 1_000_000_000;

/// The same part of a moment, there and in a zone.
macro_rules! part {
    ($name:literal, $run:expr) => {
        (
            $name,
            &[
                concat!("timestamp.", $name, "() -> int"),
                concat!("timestamp.", $name, "(string) -> int"),
            ],
            $run,
        )
    };
}

pub(super) const ROWS: &[Row] = &[
    part!("getDate", |_, values| zoned(values, |own| own.day().into())),
    part!("getDayOfMonth", |_, values| zoned(values, |own| i64::from(
        own.day()
    ) - 1)),
    part!("getDayOfWeek", |_, values| zoned(values, |own| {
        own.weekday().to_sunday_zero_offset().into()
    })),
    part!("getDayOfYear", |_, values| zoned(values, |own| {
        i64::from(own.day_of_year()) - 1
    })),
    part!("getFullYear", |_, values| zoned(values, |own| own
        .year()
        .into())),
    part!("getHours", |_, values| zoned(values, |own| own
        .hour()
        .into())),
    part!("getMilliseconds", |_, values| zoned(values, |own| {
        own.millisecond().into()
    })),
    part!("getMinutes", |_, values| zoned(values, |own| own
        .minute()
        .into())),
    part!("getMonth", |_, values| zoned(values, |own| i64::from(
        own.month()
    ) - 1)),
    part!("getSeconds", |_, values| zoned(values, |own| own
        .second()
        .into())),
    ("getHours", &["duration.getHours() -> int"], |_, values| {
        spanned(values, 3600 * SECOND)
    }),
    (
        "getMinutes",
        &["duration.getMinutes() -> int"],
        |_, values| spanned(values, 60 * SECOND),
    ),
    (
        "getSeconds",
        &["duration.getSeconds() -> int"],
        |_, values| spanned(values, SECOND),
    ),
    (
        "getMilliseconds",
        &["duration.getMilliseconds() -> int"],
        milliseconds,
    ),
];

/// Only the part that is no whole second.
fn milliseconds<'a>(_: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    match values {
        [Value::Span(nanos)] => Ok(Value::Int(nanos / 1_000_000)),
        _ => Err(Problem::NoSuchOverload),
    }
}

fn spanned<'a>(values: &[Value<'a>], unit: i64) -> Outcome<'a> {
    match values {
        [Value::Span(nanos)] => Ok(Value::Int(nanos / unit)),
        _ => Err(Problem::NoSuchOverload),
    }
}

fn zoned<'a>(values: &[Value<'a>], part: fn(&Zoned) -> i64) -> Outcome<'a> {
    let (time, zone) = match values {
        [Value::Time(time)] => (time, TimeZone::UTC),
        [Value::Time(time), Value::Text(name)] => (time, find_zone(name.as_str())?),
        _ => return Err(Problem::NoSuchOverload),
    };
    Ok(Value::Int(part(&time.to_zoned(zone))))
}

/// A zone by its name, or by how far it is from the first one, such as `+01:30`.
fn find_zone(name: &str) -> Result<TimeZone, Problem> {
    let unknown = || Problem::invalid(format!("unknown time zone {name}"));
    if let Some(zone) = zone::find(name) {
        return Ok(zone);
    }
    let (hours, minutes) = name.split_once(':').ok_or_else(unknown)?;
    let sign = if hours.starts_with('-') { -1 } else { 1 };
    let hours: i32 = hours.parse().map_err(|_| unknown())?;
    let minutes: i32 = minutes.parse().map_err(|_| unknown())?;
    let is_sensible = (-24..=24).contains(&hours) && (0..60).contains(&minutes);
    let seconds = hours * 3600 + sign * minutes * 60;
    let offset = Offset::from_seconds(if is_sensible { seconds } else { i32::MAX });
    offset.map(TimeZone::fixed).map_err(|_| unknown())
}

/// Whether a moment lies in the years 1 to 9999.
pub(crate) fn is_in_range(time: &Timestamp) -> bool {
    const FIRST: i64 = -62_135_596_800;
    const LAST: i64 = 253_402_300_799;
    (FIRST..=LAST).contains(&time.as_second())
}

/// A moment as RFC 3339 writes it.
pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    // Other notations of the same standards are not known to anybody else.
    let is_plain = text
        .as_bytes()
        .get(10)
        .is_some_and(|c| matches!(c, b'T' | b't'));
    let time: Timestamp = text.parse().ok().filter(|_| is_plain)?;
    is_in_range(&time).then_some(time)
}

/// The beginning of a day that is written without its hours.
pub(crate) fn parse_date(text: &str) -> Option<Timestamp> {
    (text.len() == 10)
        .then(|| parse_time(&format!("{text}T00:00:00Z")))
        .flatten()
}

pub(crate) fn shown_time(time: Timestamp) -> String {
    time.to_string()
}

/// A span such as `1h30m`, `1.5s` or `-10ms`, in nanoseconds.
pub(crate) fn parse_span(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, after) = rest.split_at(end);
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        total = total.checked_add(nanos(amount, unit)?)?;
        rest = after;
    }
    Some(sign * total)
}

fn nanos(amount: &str, unit: &str) -> Option<i64> {
    let unit = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3600 * SECOND,
        _ => return None,
    };
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    // More digits than these are less than a nanosecond of an hour.
    let fraction = &fraction[..fraction.len().min(15)];
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let part: i128 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    let part = i64::try_from(part * i128::from(unit) / scale).ok()?;
    whole.checked_mul(unit)?.checked_add(part)
}

/// A span in seconds, such as `5400s` or `0.25s`.
pub(crate) fn shown_span(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    let (seconds, rest) = (size / 1_000_000_000, size % 1_000_000_000);
    if rest == 0 {
        return format!("{sign}{seconds}s");
    }
    let fraction = format!("{rest:09}");
    format!("{sign}{seconds}.{}s", fraction.trim_end_matches('0'))
}
