//! Timestamps, durations and their notations on the wire and on screen.
//!
//! A timestamp is jiff's; nothing here reads a clock.

use std::fmt::Write as _;
use std::time::Duration;

pub use jiff::Timestamp;

/// RFC 3339 in whole seconds, as `metadata.creationTimestamp` is written.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// RFC 3339 with six digits of fraction, as Lease and Event times are written.
#[must_use]
pub fn rfc3339_micro(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// RFC 3339 with nine digits of fraction, as container log lines begin.
#[must_use]
pub fn rfc3339_nano(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string()
}

/// The same moment without its fraction of a second.
#[must_use]
pub fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).expect("the second of a timestamp is in range")
}

/// How long `earlier` was before `later`; zero when it was not.
#[must_use]
pub fn since(later: Timestamp, earlier: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or(Duration::ZERO)
}

/// The moment `duration` after `time`, or the last moment there is.
#[must_use]
pub fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// An age as tables show it: `45s`, `10m`, `2d3h`, `3y21d`.
#[must_use]
pub fn age(duration: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const YEAR: u64 = 365 * DAY;
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => pair(seconds, MINUTE, "m", 1, "s"),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => pair(seconds, HOUR, "h", MINUTE, "m"),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => pair(seconds, DAY, "d", HOUR, "h"),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => pair(seconds, YEAR, "y", DAY, "d"),
        _ => format!("{}y", seconds / YEAR),
    }
}

fn pair(seconds: u64, large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    let rest = seconds % large / small;
    let mut text = format!("{}{large_unit}", seconds / large);
    if rest > 0 {
        write!(text, "{rest}{small_unit}").expect("writing to a string succeeds");
    }
    text
}

/// A duration that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read duration {text:?}: expected a form such as 30s, 5m or 1h30m")]
pub struct DurationError {
    /// What was given.
    pub text: String,
}

/// Reads a duration such as `30s`, `1h30m` or `250ms`.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let error = || DurationError {
        text: text.to_owned(),
    };
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
        let amount: u64 = rest[..digits].parse().map_err(|_| error())?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            "d" => Duration::from_secs(86_400),
            _ => return Err(error()),
        };
        rest = &rest[letters..];
        let part = u32::try_from(amount)
            .ok()
            .and_then(|amount| unit.checked_mul(amount));
        total = part
            .and_then(|part| total.checked_add(part))
            .ok_or_else(error)?;
    }
    if text.is_empty() {
        Err(error())
    } else {
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_as_short_as_users_know_them() {
        let ages = [
            0, 119, 125, 600, 10_801, 30_000, 180_000, 864_000, 70_000_000,
        ];
        let shown: Vec<String> = ages
            .iter()
            .map(|seconds| age(Duration::from_secs(*seconds)))
            .collect();
        assert_eq!(
            shown,
            [
                "0s", "119s", "2m5s", "10m", "3h", "8h", "2d2h", "10d", "2y80d"
            ]
        );
    }

    #[test]
    fn durations_read_as_written() {
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert!(parse_duration("").is_err());
        assert!(parse_duration("5").is_err());
        assert!(parse_duration("99999999999h").is_err());
    }

    #[test]
    fn times_print_in_the_three_forms() {
        let time: Timestamp = "2026-01-02T03:04:05.123456789Z".parse().unwrap();
        assert_eq!(rfc3339(time), "2026-01-02T03:04:05Z");
        assert_eq!(rfc3339_micro(time), "2026-01-02T03:04:05.123456Z");
        assert_eq!(rfc3339_nano(time), "2026-01-02T03:04:05.123456789Z");
    }
}
