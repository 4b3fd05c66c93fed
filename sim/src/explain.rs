//! The lines of a timeline that matter to a broken law: the chain of causes that led to the step,
//! and whatever else happened to what the law is about.

use std::collections::{BTreeMap, BTreeSet};

use crate::laws::Violation;
use crate::trace::{Line, Trace};

/// How much of the chain of causes is shown, in lines that lead up to the end.
const CHAIN: usize = 40;
/// How many lines about the object, node or address are shown.
const MENTIONS: usize = 60;
/// How many troubles are shown.
const TROUBLES: usize = 20;

/// Why a line is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// It is about what the law is about.
    Mention,
    /// It is trouble.
    Trouble,
    /// It led to the step.
    Cause,
}

impl Why {
    const fn mark(self) -> char {
        match self {
            Self::Mention => ' ',
            Self::Trouble => '!',
            Self::Cause => '>',
        }
    }
}

/// What led to `violation`, in words.
#[must_use]
pub fn explain(trace: &Trace, violation: &Violation) -> String {
    let lines = trace.lines();
    let end = lines.partition_point(|line| line.step <= violation.step);
    let lines = &lines[..end];
    let mut chosen: BTreeMap<usize, Why> = BTreeMap::new();
    let mut choose = |why: Why, most: usize, is_meant: &dyn Fn(&Line) -> bool| {
        let meant = (0..lines.len()).rev().filter(|at| is_meant(&lines[*at]));
        for at in meant.take(most) {
            let known = chosen.entry(at).or_insert(why);
            *known = why.max(*known);
        }
    };
    let chain = chain(trace, violation.step);
    let names: Vec<&str> = violation.broken.about.iter().map(|of| name(of)).collect();
    choose(Why::Cause, CHAIN, &|line| chain.contains(&line.step));
    choose(Why::Mention, MENTIONS, &|line| {
        names.iter().any(|name| mentions(&line.text, name))
    });
    choose(Why::Trouble, TROUBLES, &|line| is_trouble(&line.text));
    told(lines, &chosen, violation)
}

fn told(lines: &[Line], chosen: &BTreeMap<usize, Why>, violation: &Violation) -> String {
    let mut text = String::from("> led to it   ! trouble   (the rest is about the same things)\n");
    let mut next = 0;
    for (at, why) in chosen {
        if *at > next {
            text += "          ...\n";
        }
        next = at + 1;
        let line = &lines[*at];
        text += &format!("{} {:>7} {}\n", why.mark(), line.step, line.text);
    }
    text + &format!("{violation}\n")
}

/// The steps that led to `step`, and itself.
fn chain(trace: &Trace, step: u64) -> BTreeSet<u64> {
    let mut chain = BTreeSet::from([step]);
    let mut last = step;
    while let Some(cause) = trace.cause(last).filter(|cause| *cause < last) {
        chain.insert(cause);
        last = cause;
    }
    chain
}

/// The name within what a law is about, which may be a whole key: `pods "default/web-1"`.
fn name(about: &str) -> &str {
    let last = about.rsplit(['/', ' ']).next().unwrap_or(about);
    last.trim_matches('"')
}

/// Whether a line has the name in it, and not only as the beginning of a longer one.
fn mentions(text: &str, name: &str) -> bool {
    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            !before.is_some_and(goes_on) && !after.is_some_and(goes_on)
        })
}

/// Lines of trouble name it where others name who speaks.
fn is_trouble(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let who = words.find(|word| word.starts_with(char::is_alphabetic));
    match who {
        // The second leader has the same name.
        Some("rival") => text.contains("wrote first"),
        who => matches!(who, Some("trouble" | "relief")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_but_not_the_beginning_of_another() {
        assert_eq!(name("pods \"default/web-1\""), "web-1");
        assert!(mentions("create pods/default/web-1", "web-1"));
        assert!(mentions("\"web-1\" is gone", "web-1"));
        assert!(!mentions("create pods/default/web-12", "web-1"));
        assert!(!mentions("create pods/default/my-web-1", "web-1"));
        assert!(!mentions("anything", ""));
    }

    #[test]
    fn trouble_is_told_from_the_second_leader() {
        assert!(is_trouble("  14:04.619292 trouble    disk-slow strikes"));
        assert!(is_trouble("  14:04.619292 rival      wrote first at 7"));
        assert!(!is_trouble("  14:04.619292 rival      203: done"));
    }
}
