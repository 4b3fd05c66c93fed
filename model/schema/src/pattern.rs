//! Patterns as definitions of custom kinds write them: in the syntax of RE2, where `\d`, `\w` and
//! `\s` mean ASCII, and where a bracket within brackets is only a bracket.
//!
//! Built when first needed: most patterns of most kinds are never asked. Matching takes time linear
//! in the text, whatever the pattern.

use std::sync::{Arc, OnceLock};

use regex::Regex;

use crate::limits::{PATTERN_BYTES_MAX, PATTERN_BYTES_USUAL};

/// A pattern, and what it was built into once it was asked.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    built: Arc<OnceLock<Option<Regex>>>,
}

impl Pattern {
    /// The pattern that is written so.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            built: Arc::default(),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is wrong with how it is written, if anything is.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        build(&self.text).err().map(|error| error.to_string())
    }

    /// Whether it takes more room than patterns usually do, once it is built.
    #[must_use]
    pub fn is_large(&self) -> bool {
        let mut builder = regex::RegexBuilder::new(&translated(&self.text));
        builder.size_limit(PATTERN_BYTES_USUAL).build().is_err()
    }

    /// Whether the pattern occurs in `text`. One that makes no sense occurs nowhere.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let built = self.built.get_or_init(|| build(&self.text).ok());
        built.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

fn build(text: &str) -> Result<Regex, regex::Error> {
    let mut builder = regex::RegexBuilder::new(&translated(text));
    builder.size_limit(PATTERN_BYTES_MAX).build()
}

/// The same pattern in our own syntax.
fn translated(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut is_in_class = false;
    let mut class_begins = false;
    while let Some(letter) = letters.next() {
        let begins = std::mem::take(&mut class_begins);
        match letter {
            '\\' => {
                let next = letters.next();
                out.push_str(&escaped(next, is_in_class));
            }
            '[' if !is_in_class => {
                is_in_class = true;
                class_begins = true;
                out.push('[');
                if letters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            // A bracket of a named class such as `[:alpha:]` stays; any other means itself.
            '[' if letters.peek() == Some(&':') => {
                out.push('[');
                for letter in letters.by_ref() {
                    out.push(letter);
                    if letter == ']' {
                        break;
                    }
                }
            }
            ']' if begins => out.push_str("\\]"),
            ']' if is_in_class => {
                is_in_class = false;
                out.push(']');
            }
            '[' | '&' | '~' if is_in_class => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out
}

fn escaped(letter: Option<char>, is_in_class: bool) -> String {
    match letter {
        Some('d') => "[0-9]".into(),
        Some('D') => "[^0-9]".into(),
        Some('w') => "[0-9A-Za-z_]".into(),
        Some('W') => "[^0-9A-Za-z_]".into(),
        Some('s') => "[\\t\\n\\f\\r ]".into(),
        Some('S') => "[^\\t\\n\\f\\r ]".into(),
        Some('b') if !is_in_class => "(?-u:\\b)".into(),
        Some(letter) => format!("\\{letter}"),
        None => "\\".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_their_authors_expect() {
        for (pattern, text, is_in) in [
            ("^a+$", "aaa", true),
            ("a", "banana", true),
            (r"^\d+$", "12", true),
            (r"^\d+$", "\u{0661}", false),
            (r"^[\w.-]+$", "a_b.c-d", true),
            (r"^[^\s]+$", "a b", false),
            ("^[[a]$", "[", true),
            ("^[]a]$", "]", true),
            ("^[^]]$", "x", true),
            ("^[&&a]+$", "&a", true),
            ("^[[:alpha:]~]+$", "ab~", true),
            (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "my-name", true),
            (r"\bred\b", "a red one", true),
            (r"^\p{Greek}+$", "λ", true),
            ("^.{3}$", "äöü", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(text),
                is_in,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_built_says_why_and_matches_nothing() {
        let open = Pattern::new("a(");
        assert!(
            open.fault()
                .is_some_and(|told| told.contains("unclosed group"))
        );
        assert!(!open.matches("a("));
        assert!(Pattern::new("(a{1000}){1000}").fault().is_some());
    }
}
