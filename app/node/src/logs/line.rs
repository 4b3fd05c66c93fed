//! One line of a log file, and what of it a reader wants to see.

use gantry_base::Timestamp;
use gantry_http::nodes::{LogOptions, LogSource, Since};

/// A line as the shim wrote it; of a long line of output, a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line<'a> {
    time: &'a str,
    source: LogSource,
    /// The line of output ends here.
    ends: bool,
    text: &'a [u8],
}

fn parse(raw: &[u8]) -> Option<Line<'_>> {
    let mut parts = raw.splitn(4, |byte| *byte == b' ');
    let (time, source, tag, text) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(Line {
        time: std::str::from_utf8(time).ok()?,
        source: match source {
            b"stdout" => LogSource::Stdout,
            b"stderr" => LogSource::Stderr,
            _ => return None,
        },
        ends: tag.starts_with(b"F"),
        text,
    })
}

/// What of a log a reader wants to see.
#[derive(Debug)]
pub(super) struct Wanted {
    since: Option<Timestamp>,
    source: Option<LogSource>,
    timestamps: bool,
    /// The source whose line of output has begun and not ended.
    within: Option<LogSource>,
}

impl Wanted {
    pub(super) fn new(options: &LogOptions, now: Timestamp) -> Self {
        let since = options.since.map(|since| match since {
            Since::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
            Since::Time(time) => time,
        });
        Self {
            since,
            source: options.stream,
            timestamps: options.timestamps,
            within: None,
        }
    }

    /// Adds what is wanted of a raw line to `out`; whether a line of output ended with it.
    pub(super) fn take(&mut self, raw: &[u8], out: &mut Vec<u8>) -> bool {
        // What is not a log line, such as one that was cut short by a full disk, is passed over.
        let Some(line) = parse(raw) else { return false };
        if self.source.is_some_and(|source| source != line.source) {
            return false;
        }
        let is_older = |since| line.time.parse().is_ok_and(|time: Timestamp| time < since);
        if self.since.is_some_and(is_older) {
            return false;
        }
        if self.timestamps && self.within != Some(line.source) {
            out.extend_from_slice(line.time.as_bytes());
            out.push(b' ');
        }
        out.extend_from_slice(line.text);
        if line.ends {
            out.push(b'\n');
        }
        self.within = (!line.ends).then_some(line.source);
        line.ends
    }
}

/// The text of a raw line, with its end where it has one.
pub(super) fn text(raw: &[u8]) -> Vec<u8> {
    let mut text = parse(raw).map_or_else(Vec::new, |line| line.text.to_vec());
    if parse(raw).is_some_and(|line| line.ends) {
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(options: &LogOptions, lines: &[&str]) -> String {
        let now = "2026-01-01T00:00:10Z".parse().unwrap();
        let mut wanted = Wanted::new(options, now);
        let mut out = Vec::new();
        for line in lines {
            wanted.take(line.as_bytes(), &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    const LINES: [&str; 5] = [
        "2026-01-01T00:00:01.000000000Z stdout F first",
        "2026-01-01T00:00:08.000000000Z stdout P a long ",
        "2026-01-01T00:00:08.000000001Z stdout F line",
        "cut",
        "2026-01-01T00:00:09.000000000Z stderr F ",
    ];

    #[test]
    fn pieces_of_a_line_are_joined_and_carry_one_time() {
        let plain = LogOptions::default();
        assert_eq!(shown(&plain, &LINES), "first\na long line\n\n");
        let timed = LogOptions {
            timestamps: true,
            since: Some(Since::Ago(std::time::Duration::from_secs(5))),
            ..LogOptions::default()
        };
        assert_eq!(
            shown(&timed, &LINES),
            "2026-01-01T00:00:08.000000000Z a long line\n2026-01-01T00:00:09.000000000Z \n"
        );
    }

    #[test]
    fn one_source_can_be_had_alone() {
        let errors = LogOptions {
            stream: Some(LogSource::Stderr),
            ..LogOptions::default()
        };
        assert_eq!(shown(&errors, &LINES), "\n");
    }
}
