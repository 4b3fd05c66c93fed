//! How much of what takes room, or time, a schema may have. Real schemas are far below.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use gantry_schema::pattern::Pattern;
use serde_json::Value;

/// Rules of one version. Each keeps a program in memory.
const RULES_MAX: usize = 1000;
/// Patterns of one version that are written differently. Each is kept once it was needed.
const PATTERNS_MAX: usize = 2000;
/// Those of them that take more room than patterns usually do.
const LARGE_PATTERNS_MAX: usize = 16;

/// What there is in a schema.
#[derive(Default)]
struct Amounts<'s> {
    rules: usize,
    patterns: BTreeSet<&'s str>,
}

/// Checks the amounts, and says whether they are within their bounds.
pub(super) fn validate(schema: &Value, path: &FieldPath, errors: &mut FieldErrors) -> bool {
    let mut found = Amounts::default();
    found.count(schema);
    let is_large = |text: &&&str| Pattern::new(text).is_large();
    let large = found.patterns.iter().filter(is_large);
    let large = large.take(LARGE_PATTERNS_MAX + 1).count();
    let amounts = [
        (found.rules, RULES_MAX, "x-kubernetes-validations"),
        (found.patterns.len(), PATTERNS_MAX, "different patterns"),
        (
            large,
            LARGE_PATTERNS_MAX,
            "patterns of more than 64KiB each",
        ),
    ];
    let beyond = amounts.into_iter().filter(|(found, most, _)| most < found);
    let mut is_fit = true;
    for (_, most, what) in beyond {
        is_fit = false;
        errors.forbidden(path, format!("must have at most {most} {what}"));
    }
    is_fit
}

impl<'s> Amounts<'s> {
    fn count(&mut self, schema: &'s Value) {
        match schema {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value) {
                        ("x-kubernetes-validations", Value::Array(rules)) => {
                            self.rules += rules.len();
                        }
                        ("pattern", Value::String(text)) => {
                            self.patterns.insert(text);
                        }
                        (_, value) => self.count(value),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.count(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
