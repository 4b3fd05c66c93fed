//! Domain names.
//!
//! A name is a list of labels in lower case, since names that differ only in case are one name.
//! The order of names is by labels from the right: a name comes right before all names below it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Labels are at most this long, by the protocol.
const LABEL_BYTES: usize = 63;

/// Names are at most this long on the wire, by the protocol.
const NAME_BYTES: usize = 255;

/// A domain name, always complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// From the leftmost, most particular, to the rightmost.
    labels: Vec<Box<[u8]>>,
}

/// Why something is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {text:?} as a domain name")]
pub struct NameError {
    /// What was given.
    pub text: String,
}

impl Name {
    /// A name out of labels from left to right, if they are short enough.
    #[must_use]
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let lower = |label: &[u8]| label.to_ascii_lowercase().into_boxed_slice();
        let labels: Vec<_> = labels.into_iter().map(lower).collect();
        let is_legal = labels
            .iter()
            .all(|label| !label.is_empty() && label.len() <= LABEL_BYTES);
        let length: usize = labels.iter().map(|label| label.len() + 1).sum();
        (is_legal && length < NAME_BYTES).then_some(Self { labels })
    }

    /// The labels from left to right.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        self.labels.iter().map(AsRef::as_ref)
    }

    /// This name below another one, if that is short enough.
    #[must_use]
    pub fn below(&self, parent: &Self) -> Option<Self> {
        Self::from_labels(self.labels().chain(parent.labels()))
    }

    /// Whether this name is `parent` or below it.
    #[must_use]
    pub fn is_within(&self, parent: &Self) -> bool {
        self.labels.ends_with(&parent.labels)
    }

    /// The labels to the left of `parent`, if this name is within it.
    #[must_use]
    pub fn within(&self, parent: &Self) -> Option<Vec<&[u8]>> {
        let inner = self.labels.strip_suffix(parent.labels.as_slice())?;
        Some(inner.iter().map(AsRef::as_ref).collect())
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.labels.iter().rev().cmp(other.labels.iter().rev())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Name {
    type Err = NameError;

    /// Reads a name in dotted form; a dot at its end makes no difference.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let trimmed = text.strip_suffix('.').unwrap_or(text);
        let labels = trimmed.split('.').map(str::as_bytes);
        let name = if trimmed.is_empty() {
            Some(Self::default())
        } else {
            Self::from_labels(labels)
        };
        name.ok_or_else(|| NameError {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for label in &self.labels {
            write!(f, "{}.", label.escape_ascii())?;
        }
        if self.labels.is_empty() {
            f.write_str(".")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn case_and_a_final_dot_make_no_difference() {
        assert_eq!(name("Web.Default.SVC"), name("web.default.svc."));
        assert_eq!(name("web.default.svc").to_string(), "web.default.svc.");
        assert_eq!(name(".").to_string(), ".");
    }

    #[test]
    fn names_too_long_or_with_gaps_are_refused() {
        for text in ["a..b", ".a", &"a".repeat(64), &["a"; 128].join(".")] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
        assert!(["a"; 126].join(".").parse::<Name>().is_ok());
    }

    #[test]
    fn a_name_comes_right_before_what_is_below_it() {
        let mut names = [
            name("b.com"),
            name("a.b.com"),
            name("com"),
            name("c.com"),
            name("b.org"),
        ];
        names.sort();
        let sorted: Vec<_> = names.iter().map(Name::to_string).collect();
        assert_eq!(sorted, ["com.", "b.com.", "a.b.com.", "c.com.", "b.org."]);
    }

    #[test]
    fn being_within_goes_by_whole_labels() {
        assert!(name("a.b.com").is_within(&name("b.com")));
        assert!(!name("ab.com").is_within(&name("b.com")));
        assert_eq!(
            name("a.x.com").within(&name("com")),
            Some(vec![&b"a"[..], b"x"])
        );
        assert_eq!(name("com").within(&name("b.com")), None);
    }
}
