//! JSONPath templates: `{range .items[*]}{.metadata.name}{"\n"}{end}`.

mod evaluate;
mod parse;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use serde_json::Value;

use crate::failure::Failure;

/// A template, ready to be filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    parts: Vec<Part>,
    as_json: bool,
}

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
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let parts = parse::template(text)?;
        let as_json = false;
        Ok(Self { parts, as_json })
    }

    /// Reads one path, with or without braces and the first dot.
    pub(crate) fn relaxed(text: &str) -> Result<Self, Failure> {
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

    /// The same, giving what it finds as JSON.
    pub(crate) fn giving_json(mut self) -> Self {
        self.as_json = true;
        self
    }

    /// The template filled in from `value`.
    pub(crate) fn render(&self, value: &Value) -> String {
        if self.as_json {
            return super::json::pretty(&Value::Array(self.find(value)));
        }
        let mut text = String::new();
        evaluate::render(&self.parts, value, value, &mut text);
        text
    }

    /// Everything that the paths of the template find.
    pub(crate) fn find(&self, value: &Value) -> Vec<Value> {
        let mut found = Vec::new();
        for part in &self.parts {
            if let Part::Path(steps) = part {
                found.extend(evaluate::walk(steps, value, value).into_iter().cloned());
            }
        }
        found
    }

    /// The order of two objects by the first thing found in each; times, numbers and quantities
    /// by their value.
    pub(crate) fn compare(&self, left: &Value, right: &Value) -> Ordering {
        let first = |value| self.find(value).into_iter().next().unwrap_or(Value::Null);
        evaluate::order(&first(left), &first(right))
    }
}
