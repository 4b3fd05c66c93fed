//! A command of a story: `apply deployment/web replicas=3 image=shop:1`.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use gantry_base::time::parse_duration;

/// A command in its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Phrase {
    pub(super) verb: String,
    /// What follows, but for what is named.
    pub(super) words: Vec<String>,
    /// `name=value`, and `-n value` likewise.
    named: BTreeMap<String, String>,
}

impl Phrase {
    pub(super) fn of(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut phrase = Self {
            verb: words.next().unwrap_or_default().to_owned(),
            ..Self::default()
        };
        while let Some(word) = words.next() {
            let dashed = word.strip_prefix('-').filter(|name| !name.is_empty());
            let pair = match (dashed, word.split_once('=')) {
                (Some("A"), _) => Some(("A", "")),
                (Some(name), _) => words.next().map(|value| (name, value)),
                (None, pair) => pair,
            };
            match pair {
                Some((name, value)) => {
                    phrase.named.insert(name.to_owned(), value.to_owned());
                }
                None => phrase.words.push(word.to_owned()),
            }
        }
        phrase
    }

    /// The word at a place.
    pub(super) fn word(&self, at: usize) -> Result<&str, String> {
        let word = self.words.get(at).map(String::as_str);
        word.ok_or_else(|| format!("`{}` needs more words", self.verb))
    }

    /// What was given under a name.
    pub(super) fn named(&self, name: &str) -> Option<&str> {
        self.named.get(name).map(String::as_str)
    }

    /// The number that was given under a name, or another.
    pub(super) fn number<T: FromStr>(&self, name: &str, otherwise: T) -> Result<T, String> {
        match self.named(name) {
            Some(text) => number(text),
            None => Ok(otherwise),
        }
    }

    /// The duration that was given under a name, or another.
    pub(super) fn length(&self, name: &str, otherwise: Duration) -> Result<Duration, String> {
        match self.named(name) {
            Some(text) => length(text),
            None => Ok(otherwise),
        }
    }

    /// Refuses what has a name that nobody will ask for.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), String> {
        let mut names = self.named.keys();
        match names.find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(format!("`{}` knows no {name}", self.verb)),
            None => Ok(()),
        }
    }
}

pub(super) fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

pub(super) fn length(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}
