//! Short texts: selectors, quantities, durations, schedules.

use gantry_base::cron::Schedule;
use gantry_base::selector::{FieldSelector, Labels, Selector};
use gantry_base::time::parse_duration;
use gantry_base::zone::TimeZone;
use gantry_base::{Quantity, Timestamp};

/// What selectors know.
pub(super) const SELECTORS: &[&str] = &[
    "=",
    "==",
    "!=",
    "!",
    " in (",
    " notin (",
    ")",
    ",",
    ">",
    "<",
    " ",
    "\\",
    "metadata.name",
    "app.kubernetes.io/name",
    "a",
    "()",
    "in",
    "notin",
];

/// Words of a message that are enough to know which one it is.
const WORDS: usize = 5;

/// The first words of a message: what was sent stands in quotes, or behind them.
pub(super) fn shape(message: &str) -> String {
    let until = message.find(['"', '\'', '`', '{']).unwrap_or(message.len());
    let words = message[..until].split_whitespace().take(WORDS);
    let letters = |word: &str| -> String {
        let letters = word.chars().filter(char::is_ascii_alphabetic);
        letters.take(16).collect()
    };
    words.map(letters).collect::<Vec<_>>().join(" ")
}

fn text(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok()
}

/// The notation of `kubectl -l`.
pub(super) fn label_selector(input: &[u8]) -> String {
    let Some(text) = text(input) else {
        return "no text".to_owned();
    };
    match Selector::parse(text) {
        Ok(selector) => {
            let written = selector.to_string();
            let again = Selector::parse(&written);
            assert_eq!(again.as_ref(), Ok(&selector), "{written:?} reads the same");
            let nothing = selector.matches(&Labels::new());
            format!(
                "{} requirements, {nothing}",
                selector.requirements().len().min(4)
            )
        }
        Err(error) => shape(&error.to_string()),
    }
}

/// The notation of `--field-selector`.
pub(super) fn field_selector(input: &[u8]) -> String {
    let Some(text) = text(input) else {
        return "no text".to_owned();
    };
    match FieldSelector::parse(text) {
        Ok(selector) => {
            let nothing = selector.matches(|_| None);
            format!("{} terms, {nothing}", selector.terms().len().min(4))
        }
        Err(error) => shape(&error.to_string()),
    }
}

/// An amount. Its usual form is what it stays, and what it is worth.
pub(super) fn quantity(input: &[u8]) -> String {
    let Some(text) = text(input) else {
        return "no text".to_owned();
    };
    match text.parse::<Quantity>() {
        Ok(quantity) => {
            let written = quantity.to_string();
            let again: Quantity = written.parse().expect("what was written is read");
            assert_eq!(again, quantity, "{written:?} is worth the same");
            assert_eq!(again.to_string(), written, "and is written the same");
            assert_eq!(again.milli_value(), quantity.milli_value());
            let is_whole = quantity.value().checked_mul(1000) == Some(quantity.milli_value());
            let unit = written.trim_start_matches(|letter: char| !letter.is_ascii_alphabetic());
            format!(
                "{}, whole: {is_whole}",
                unit.chars().take(1).collect::<String>()
            )
        }
        Err(error) => shape(&error.to_string()),
    }
}

/// A span of time.
pub(super) fn duration(input: &[u8]) -> String {
    let Some(text) = text(input) else {
        return "no text".to_owned();
    };
    match parse_duration(text) {
        Ok(duration) => format!("{} digits", duration.as_secs().to_string().len()),
        Err(error) => shape(&error.to_string()),
    }
}

/// A schedule, and when it comes next.
pub(super) fn cron(input: &[u8]) -> String {
    let Some(text) = text(input) else {
        return "no text".to_owned();
    };
    match Schedule::parse(text, TimeZone::UTC) {
        Ok(schedule) => {
            let now = Timestamp::UNIX_EPOCH;
            let next = schedule.next(now);
            assert!(next.is_none_or(|next| now < next), "the next comes later");
            format!("comes: {}", next.is_some())
        }
        // The words are the original's, which repeats what was sent without quotes.
        Err(error) => shape(&error.to_string()).chars().take(20).collect(),
    }
}
