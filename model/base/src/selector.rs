//! Label and field selectors: read, print and match.

use std::collections::BTreeMap;
use std::fmt;

use crate::name;
use crate::pairs::Pairs;

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// Whatever labels can be looked up in.
pub trait Labelled {
    /// The value of the label `key`.
    fn label(&self, key: &str) -> Option<&str>;
}

impl Labelled for Labels {
    fn label(&self, key: &str) -> Option<&str> {
        self.get(key).map(String::as_str)
    }
}

impl Labelled for Pairs {
    fn label(&self, key: &str) -> Option<&str> {
        self.get(key)
    }
}

/// A conjunction of requirements on labels. The empty selector matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

/// One requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// What is required of its value.
    pub operator: Operator,
}

/// What a requirement asks of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Present, with one of these values.
    In(Vec<String>),
    /// Absent, or with none of these values.
    NotIn(Vec<String>),
    /// Present.
    Exists,
    /// Absent.
    DoesNotExist,
    /// A number greater than this.
    GreaterThan(i64),
    /// A number less than this.
    LessThan(i64),
}

/// A selector that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse requirement: {problem}")]
pub struct SelectorError {
    /// What is wrong, and where.
    pub problem: String,
}

impl Selector {
    /// Matches everything.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// The conjunction of `requirements`.
    #[must_use]
    pub fn new(requirements: Vec<Requirement>) -> Self {
        Self { requirements }
    }

    /// Requires each of `labels` to be present with its value.
    #[must_use]
    pub fn exactly(labels: &Labels) -> Self {
        let equal = |(key, value): (&String, &String)| Requirement {
            key: key.clone(),
            operator: Operator::In(vec![value.clone()]),
        };
        Self {
            requirements: labels.iter().map(equal).collect(),
        }
    }

    /// Whether it matches everything.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty()
    }

    /// The requirements, in the order given.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether an object with these labels is selected.
    #[must_use]
    pub fn matches(&self, labels: &impl Labelled) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.matches(labels))
    }

    /// Reads the notation of `kubectl -l`: `a=b,c!=d,e in (f,g),!h`.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        if text.trim().is_empty() {
            return Ok(Self::everything());
        }
        let parts = split_outside_parentheses(text)?;
        let parts = parts.into_iter().map(str::trim);
        Ok(Self {
            requirements: parts.map(requirement).collect::<Result<_, _>>()?,
        })
    }
}

impl Requirement {
    /// Whether these labels meet the requirement.
    #[must_use]
    pub fn matches(&self, labels: &impl Labelled) -> bool {
        let value = labels.label(&self.key);
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.operator {
            Operator::In(values) => {
                value.is_some_and(|value| values.iter().any(|one| one == value))
            }
            Operator::NotIn(values) => {
                value.is_none_or(|value| values.iter().all(|one| one != value))
            }
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan(bound) => number().is_some_and(|number| number > *bound),
            Operator::LessThan(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

fn split_outside_parentheses(text: &str) -> Result<Vec<&str>, SelectorError> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if depth != 0 {
        return Err(problem(format!("unbalanced parentheses in {text:?}")));
    }
    parts.push(&text[start..]);
    Ok(parts)
}

fn requirement(part: &str) -> Result<Requirement, SelectorError> {
    let (key, operator) = if let Some(key) = part.strip_prefix('!') {
        (key, Operator::DoesNotExist)
    } else if let Some((key, values)) = word_operator(part, "notin") {
        (key, Operator::NotIn(value_list(values)?))
    } else if let Some((key, values)) = word_operator(part, "in") {
        (key, Operator::In(value_list(values)?))
    } else if let Some((key, value)) = part.split_once("!=") {
        (key, Operator::NotIn(vec![label_value(value)?]))
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key, Operator::In(vec![label_value(value)?]))
    } else if let Some((key, value)) = part.split_once('>') {
        (key, Operator::GreaterThan(bound(value)?))
    } else if let Some((key, value)) = part.split_once('<') {
        (key, Operator::LessThan(bound(value)?))
    } else {
        (part, Operator::Exists)
    };
    let key = key.trim();
    if let Some(wrong) = name::qualified(key).first() {
        return Err(problem(format!("<nil>: Invalid value: {key:?}: {wrong}")));
    }
    Ok(Requirement {
        key: key.to_owned(),
        operator,
    })
}

/// Splits `key in (a,b)` at its operator, written as a word before the parenthesis.
fn word_operator<'a>(part: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let open = part.find('(')?;
    let key = part[..open].trim_end().strip_suffix(word)?;
    key.ends_with(char::is_whitespace)
        .then(|| (key, &part[open..]))
}

fn value_list(text: &str) -> Result<Vec<String>, SelectorError> {
    let inner = text
        .trim()
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    let inner = inner.ok_or_else(|| problem(format!("found {text:?}, expected (value, ...)")))?;
    inner.split(',').map(label_value).collect()
}

fn label_value(text: &str) -> Result<String, SelectorError> {
    let value = text.trim();
    match name::label_value(value).first() {
        Some(wrong) => Err(problem(format!(
            "values[0]: Invalid value: {value:?}: {wrong}"
        ))),
        None => Ok(value.to_owned()),
    }
}

fn bound(text: &str) -> Result<i64, SelectorError> {
    let text = text.trim();
    text.parse().map_err(|_| {
        problem(format!(
            "{text:?}: for 'Gt', 'Lt' operators, the value must be an integer"
        ))
    })
}

fn problem(problem: String) -> SelectorError {
    SelectorError { problem }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, requirement) in self.requirements.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.operator {
            Operator::In(values) if values.len() == 1 => write!(f, "{key}={}", values[0]),
            Operator::In(values) => write!(f, "{key} in ({})", values.join(",")),
            Operator::NotIn(values) if values.len() == 1 => write!(f, "{key}!={}", values[0]),
            Operator::NotIn(values) => write!(f, "{key} notin ({})", values.join(",")),
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan(bound) => write!(f, "{key}>{bound}"),
            Operator::LessThan(bound) => write!(f, "{key}<{bound}"),
        }
    }
}

/// A conjunction of comparisons on fields: `spec.nodeName=a,status.phase!=Running`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    terms: Vec<FieldTerm>,
}

/// One comparison on one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    /// The field's path, such as `status.phase`.
    pub path: String,
    /// The value compared with.
    pub value: String,
    /// Whether the field must equal the value or differ from it.
    pub equal: bool,
}

impl FieldSelector {
    /// The terms, in the order given.
    #[must_use]
    pub fn terms(&self) -> &[FieldTerm] {
        &self.terms
    }

    /// Whether it matches everything.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether an object is selected whose fields `value_of` tells; a missing field is empty.
    pub fn matches<'a>(&self, value_of: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.terms.iter().all(|term| {
            let same = value_of(&term.path).unwrap_or("") == term.value;
            same == term.equal
        })
    }

    /// Reads `path=value`, `path==value` and `path!=value`, joined by commas. In a value a
    /// backslash takes their meaning from commas, equal signs and backslashes.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let terms = split_unescaped(text)
            .into_iter()
            .filter(|part| !part.is_empty());
        Ok(Self {
            terms: terms.map(term).collect::<Result<_, _>>()?,
        })
    }
}

/// The parts between commas without a backslash before them.
fn split_unescaped(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut is_escaped) = (0, false);
    for (at, letter) in text.char_indices() {
        if letter == ',' && !is_escaped {
            parts.push(&text[start..at]);
            start = at + 1;
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn term(part: &str) -> Result<FieldTerm, SelectorError> {
    let at = part.find(['=', '!']);
    let sides = at.and_then(|at| {
        let (path, rest) = part.split_at(at);
        let value = |operator| rest.strip_prefix(operator).map(str::trim);
        let (value, equal) = match value("!=") {
            Some(value) => (value, false),
            None => (value("==").or_else(|| value("="))?, true),
        };
        Some((path.trim(), value, equal))
    });
    let (path, value, equal) = sides.ok_or_else(|| SelectorError {
        problem: format!("invalid selector: '{part}'; can't understand '{part}'"),
    })?;
    Ok(FieldTerm {
        path: path.to_owned(),
        value: unescaped(value)?,
        equal,
    })
}

/// The value that was written with backslashes.
fn unescaped(value: &str) -> Result<String, SelectorError> {
    let wrong = |what: String| SelectorError {
        problem: format!("invalid field selector: {what} in {value}"),
    };
    let mut plain = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(special @ ('\\' | ',' | '=')) => plain.push(special),
                other => {
                    let shown: String = std::iter::once('\\').chain(other).collect();
                    return Err(wrong(format!("invalid escape sequence '{shown}'")));
                }
            },
            ',' | '=' => return Err(wrong(format!("unescaped character '{letter}'"))),
            letter => plain.push(letter),
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn every_form_reads_prints_and_matches() {
        let selector = Selector::parse("app=web, tier in (a,b),!old,env!=dev,new, n>3").unwrap();
        assert_eq!(
            selector.to_string(),
            "app=web,tier in (a,b),!old,env!=dev,new,n>3"
        );
        assert!(selector.matches(&labels(&[
            ("app", "web"),
            ("tier", "b"),
            ("new", ""),
            ("n", "4")
        ])));
        assert!(!selector.matches(&labels(&[
            ("app", "web"),
            ("tier", "c"),
            ("new", ""),
            ("n", "4")
        ])));
    }

    #[test]
    fn a_label_may_be_called_like_an_operator() {
        let selector = Selector::parse("in=notin").unwrap();
        assert!(selector.matches(&labels(&[("in", "notin")])));
    }

    #[test]
    fn mistakes_are_named() {
        for text in [
            "a in b", "a in (b", "=x", "a=b=c d", "n>x", "a,", ",a", "a,,b",
        ] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
        assert!(FieldSelector::parse("status.phase").is_err());
    }

    #[test]
    fn a_backslash_takes_its_meaning_from_what_follows() {
        let selector = FieldSelector::parse(r"a=x\,y\=z\\,b!=c").unwrap();
        let values: Vec<(&str, bool)> = selector
            .terms()
            .iter()
            .map(|term| (term.value.as_str(), term.equal))
            .collect();
        assert_eq!(values, [(r"x,y=z\", true), ("c", false)]);
        for text in [r"a=\x", r"a=\", "a=b=c", "a", "!a"] {
            assert!(FieldSelector::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_missing_field_counts_as_empty() {
        let selector = FieldSelector::parse("spec.nodeName=,status.phase!=Running").unwrap();
        assert!(selector.matches(|_| None));
    }
}
