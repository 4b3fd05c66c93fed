//! Schedules in the notation of cron: `*/5 8-17 * * mon-fri`, `@hourly`, `@every 90s`.
//!
//! Five fields: minute, hour, day of the month, month, day of the week. A moment that the clocks
//! skip in spring does not come; one that they repeat in autumn comes twice.

mod field;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::{time, zone};
use field::Field;

/// How many days are looked through for the next moment: five years, with a leap day to spare.
/// A schedule for the 30th of February never comes.
const DAYS_AHEAD: usize = 5 * 366;
/// The shortest interval.
const SHORTEST: Duration = Duration::from_secs(1);

/// Why a text is no schedule, in the words that clients know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CronError(String);

/// When something happens again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    when: When,
    zone: TimeZone,
}

#[derive(Clone, Debug, PartialEq)]
enum When {
    /// At all minutes that match.
    At(Box<Fields>),
    /// Again after so long.
    Every(Duration),
}

#[derive(Clone, Debug, PartialEq)]
struct Fields {
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

impl Schedule {
    /// Reads a schedule whose clock shows the time of `zone`, unless it begins with `TZ=`.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Self, CronError> {
        if text.is_empty() {
            return Err(CronError("empty spec string".to_owned()));
        }
        let (text, zone) = match within_zone(text)? {
            Some((text, zone)) => (text, zone),
            None => (text, zone),
        };
        let when = if text.starts_with('@') {
            named(text)?
        } else {
            When::At(Box::new(Fields::parse(text)?))
        };
        Ok(Self { when, zone })
    }

    /// The first moment of the schedule after `then`, if there is one within five years.
    #[must_use]
    pub fn next(&self, then: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Every(interval) => Some(time::after(time::whole_seconds(then), *interval)),
            When::At(fields) => {
                let first = self.zone.to_datetime(then).date();
                let days = std::iter::successors(Some(first), |day| day.tomorrow().ok());
                days.take(DAYS_AHEAD)
                    .filter(|day| fields.fall_on(*day))
                    .find_map(|day| self.first_on(day, fields, then))
            }
        }
    }

    /// The first moment after `then` on `day`.
    fn first_on(&self, day: Date, fields: &Fields, then: Timestamp) -> Option<Timestamp> {
        let hours = fields.hour.values();
        let times = hours.flat_map(|hour| {
            let minutes = fields.minute.values();
            minutes.map(move |minute| day.at(hour, minute, 0, 0))
        });
        let moments = times.flat_map(|time| self.moments(time).into_iter().flatten());
        moments.filter(|moment| *moment > then).min()
    }

    /// When the clocks show `time`: once, never, or twice.
    fn moments(&self, time: DateTime) -> [Option<Timestamp>; 2] {
        let at = |offset: jiff::tz::Offset| offset.to_timestamp(time).ok();
        match self.zone.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Unambiguous { offset } => [at(offset), None],
            AmbiguousOffset::Gap { .. } => [None, None],
            AmbiguousOffset::Fold { before, after } => [at(before), at(after)],
        }
    }
}

impl Fields {
    fn parse(text: &str) -> Result<Self, CronError> {
        let parts: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = parts.as_slice() else {
            return Err(CronError(format!(
                "expected exactly 5 fields, found {}: [{}]",
                parts.len(),
                parts.join(" ")
            )));
        };
        Ok(Self {
            minute: Field::parse(minute, &field::MINUTE)?,
            hour: Field::parse(hour, &field::HOUR)?,
            day: Field::parse(day, &field::DAY)?,
            month: Field::parse(month, &field::MONTH)?,
            weekday: Field::parse(weekday, &field::WEEKDAY)?,
        })
    }

    /// Whether anything happens on `day`. When both kinds of day are restricted, either is enough.
    fn fall_on(&self, day: Date) -> bool {
        let of_month = self.day.has(day.day());
        let of_week = self.weekday.has(day.weekday().to_sunday_zero_offset());
        let either = !self.day.is_any() && !self.weekday.is_any();
        let fits = if either {
            of_month || of_week
        } else {
            of_month && of_week
        };
        fits && self.month.has(day.month())
    }
}

/// The rest of a schedule that begins with its time zone, and the zone.
fn within_zone(text: &str) -> Result<Option<(&str, TimeZone)>, CronError> {
    let named = text
        .strip_prefix("CRON_TZ=")
        .or_else(|| text.strip_prefix("TZ="));
    let Some(named) = named else {
        return Ok(None);
    };
    let (name, rest) = named.split_once(' ').unwrap_or((named, ""));
    let bad = || {
        CronError(format!(
            "provided bad location {name}: unknown time zone {name}"
        ))
    };
    let zone = zone::find(name).ok_or_else(bad)?;
    Ok(Some((rest.trim(), zone)))
}

/// A schedule that has a name.
fn named(text: &str) -> Result<When, CronError> {
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            let interval = text
                .strip_prefix("@every ")
                .ok_or_else(|| CronError(format!("unrecognized descriptor: {text}")))?;
            let interval = time::parse_duration(interval)
                .map_err(|error| CronError(format!("failed to parse duration {text}: {error}")))?;
            let whole = Duration::from_secs(interval.as_secs());
            return Ok(When::Every(whole.max(SHORTEST)));
        }
    };
    Ok(When::At(Box::new(Fields::parse(fields)?)))
}
