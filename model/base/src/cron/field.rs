//! One field of a schedule: a set of small numbers, written as ranges with steps and names.

use super::CronError;

/// What a field may say.
#[derive(Debug)]
pub(super) struct Bounds {
    low: u32,
    high: u32,
    /// Names of numbers, the first of which stands for `low`.
    names: &'static [&'static str],
}

pub(super) const MINUTE: Bounds = plain(0, 59);
pub(super) const HOUR: Bounds = plain(0, 23);
pub(super) const DAY: Bounds = plain(1, 31);
pub(super) const MONTH: Bounds = Bounds {
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
    ..plain(1, 12)
};
pub(super) const WEEKDAY: Bounds = Bounds {
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ..plain(0, 6)
};

const fn plain(low: u32, high: u32) -> Bounds {
    Bounds {
        low,
        high,
        names: &[],
    }
}

/// A set of numbers below 64, and whether it was written as "any".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    bits: u64,
    any: bool,
}

impl Field {
    /// Reads a list of ranges with commas between them.
    pub(super) fn parse(text: &str, bounds: &Bounds) -> Result<Self, CronError> {
        let mut all = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let part = range(part, bounds)?;
            all.bits |= part.bits;
            all.any |= part.any;
        }
        Ok(all)
    }

    /// Whether the number is one of them.
    pub(super) fn has(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|number| self.bits >> number & 1 == 1)
    }

    /// Whether it was written as "any".
    pub(super) const fn is_any(self) -> bool {
        self.any
    }

    /// The numbers, from the lowest.
    pub(super) fn values(self) -> impl Iterator<Item = i8> {
        (0..60).filter(move |number| self.has(*number))
    }
}

/// Reads `*`, `5`, `1-5`, and each of them with a step, as in `*/15`.
fn range(text: &str, bounds: &Bounds) -> Result<Field, CronError> {
    let wrong = |what: String| CronError(format!("{what}: {text}"));
    let mut parts = text.split('/');
    let (span, step, more) = (parts.next().unwrap_or(""), parts.next(), parts.next());
    let ends: Vec<&str> = span.split('-').collect();
    let mut any = matches!(ends[0], "*" | "?");
    let (low, mut high) = match ends.as_slice() {
        _ if any => (bounds.low, bounds.high),
        [one] => {
            let number = number_or_name(one, bounds)?;
            (number, number)
        }
        [low, high] => (number_or_name(low, bounds)?, number_or_name(high, bounds)?),
        _ => return Err(wrong("too many hyphens".to_owned())),
    };
    if more.is_some() {
        return Err(wrong("too many slashes".to_owned()));
    }
    let step = step.map(number).transpose()?;
    if step.is_some() && ends.len() == 1 {
        // A number with a step begins there and goes on to the end.
        high = bounds.high;
    }
    any &= step.unwrap_or(1) <= 1;
    let step = step.unwrap_or(1);
    if low < bounds.low {
        let least = bounds.low;
        return Err(wrong(format!(
            "beginning of range ({low}) below minimum ({least})"
        )));
    }
    if high > bounds.high {
        let most = bounds.high;
        return Err(wrong(format!(
            "end of range ({high}) above maximum ({most})"
        )));
    }
    if low > high {
        return Err(wrong(format!(
            "beginning of range ({low}) beyond end of range ({high})"
        )));
    }
    let every = usize::try_from(step).unwrap_or(usize::MAX);
    if every == 0 {
        return Err(wrong(
            "step of range should be a positive number".to_owned(),
        ));
    }
    let numbers = (low..=high).step_by(every);
    Ok(Field {
        bits: numbers.fold(0, |bits, number| bits | 1 << number),
        any,
    })
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<u32, CronError> {
    let lower = text.to_ascii_lowercase();
    let named = (bounds.low..).zip(bounds.names);
    let found = named
        .into_iter()
        .find_map(|(number, name)| (*name == lower).then_some(number));
    found.map_or_else(|| number(text), Ok)
}

fn number(text: &str) -> Result<u32, CronError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let parsed: Result<i64, _> = text.parse();
    match parsed {
        Ok(number) if number < 0 => Err(CronError(format!(
            "negative number ({number}) not allowed: {text}"
        ))),
        Ok(number) => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
        Err(_) if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) => {
            Err(CronError(format!(
                "failed to parse int from {text}: strconv.Atoi: parsing {text:?}: value out of range"
            )))
        }
        Err(_) => Err(CronError(format!(
            "failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax"
        ))),
    }
}
