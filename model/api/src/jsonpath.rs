//! JSONPath templates: `{range .items[*]}{.metadata.name}{"\n"}{end}`.

mod evaluate;
mod parse;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use serde_json::Value;

/// A template, ready to be filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A template that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error parsing jsonpath{0}")]
pub struct TemplateError(String);

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    /// Text as it is.
    Text(String),
    /// Everything that a path finds, with spaces between.
    Path(Vec<Step>),
    /// The same pieces again for each thing that a path finds.
    Range(Vec<Step>, Vec<Part>),
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// The root, from wherever one is.
    Root,
    /// One field.
    Field(String),
    /// Every field, or every item.
    All,
    /// Several steps from the same place.
    Union(Vec<Step>),
    /// Items from, to, and how far apart.
    Slice(Option<i64>, Option<i64>, i64),
    /// One item; negative ones count from the end.
    Index(i64),
    /// Everything below.
    Descend,
    /// The items of which something holds.
    Filter(Box<Operand>, Option<(Comparison, Operand)>),
}

/// What is compared in a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Path(Vec<Step>),
    Literal(Value),
}

/// How things are compared in a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Template {
    /// Reads a template; text outside braces is kept as it is.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let parts = parse::template(text)?;
        Ok(Self { parts })
    }

    /// Reads one path, with or without braces and the first dot.
    pub fn relaxed(text: &str) -> Result<Self, TemplateError> {
        let bare = text.trim().trim_start_matches('{').trim_end_matches('}');
        let path = bare.strip_prefix('.').unwrap_or(bare);
        let text = if path.is_empty() {
            "{.}".to_owned()
        } else if path.starts_with('[') {
            format!("{{{path}}}")
        } else {
            format!("{{.{path}}}")
        };
        Self::parse(&text)
    }

    /// The template filled in from `value`.
    #[must_use]
    pub fn render(&self, value: &Value) -> String {
        let mut text = String::new();
        evaluate::render(&self.parts, value, value, &mut text);
        text
    }

    /// Everything that the paths of the template find.
    #[must_use]
    pub fn find(&self, value: &Value) -> Vec<Value> {
        let mut found = Vec::new();
        for part in &self.parts {
            if let Part::Path(steps) = part {
                found.extend(evaluate::walk(steps, value, value).into_iter().cloned());
            }
        }
        found
    }

    /// The first thing that the paths of the template find.
    #[must_use]
    pub fn first<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        let path = |part: &Part| match part {
            Part::Path(steps) => evaluate::walk(steps, value, value).into_iter().next(),
            Part::Text(_) | Part::Range(..) => None,
        };
        self.parts.iter().find_map(path)
    }

    /// The order of two objects by the first thing found in each; times, numbers and quantities
    /// by their value.
    #[must_use]
    pub fn compare(&self, left: &Value, right: &Value) -> Ordering {
        let first = |value| self.find(value).into_iter().next().unwrap_or(Value::Null);
        evaluate::order(&first(left), &first(right))
    }
}

/// A scalar as users see it.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None if value.is_null() => String::new(),
        None => value.to_string(),
    }
}
