//! What is wrong with an object's fields, each with its path, all of it at once.

use std::fmt;

use gantry_base::FieldPath;
use serde::Serialize;
use serde_json::Value;

/// The ways in which a field can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It must be given.
    Required,
    /// Its value is not acceptable.
    Invalid,
    /// Its value is not acceptable, and would not help in telling why.
    InvalidAsAWhole,
    /// Its value is none of those known.
    NotSupported,
    /// It may not be given here, or by this caller.
    Forbidden,
    /// Another entry has the same value.
    Duplicate,
    /// What it refers to does not exist.
    NotFound,
    /// It is longer than allowed.
    TooLong,
    /// There are more entries than allowed.
    TooMany,
    /// It has another type.
    TypeInvalid,
    /// It could not be checked.
    Internal,
}

impl Fault {
    /// The word that clients match on, in a cause's `reason`.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid | Self::InvalidAsAWhole => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::Duplicate => "FieldValueDuplicate",
            Self::NotFound => "FieldValueNotFound",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::Internal => "InternalError",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid | Self::InvalidAsAWhole | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::Duplicate => "Duplicate value",
            Self::NotFound => "Not found",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::Internal => "Internal error",
        }
    }

    const fn shows_value(self) -> bool {
        match self {
            Self::Required
            | Self::InvalidAsAWhole
            | Self::Forbidden
            | Self::TooLong
            | Self::Internal => false,
            Self::Invalid
            | Self::NotSupported
            | Self::Duplicate
            | Self::NotFound
            | Self::TooMany
            | Self::TypeInvalid => true,
        }
    }
}

/// One thing wrong with one field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// In which way it is wrong.
    pub fault: Fault,
    /// Which field.
    pub path: FieldPath,
    /// The value it has.
    pub value: Value,
    /// What would be right, and why.
    pub detail: String,
}

impl FieldError {
    /// The message without the path, as a cause carries it.
    #[must_use]
    pub fn body(&self) -> String {
        let mut text = self.fault.words().to_owned();
        if self.fault.shows_value() {
            text.push_str(": ");
            text.push_str(&shown(&self.value));
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }
}

/// A value as messages show it: texts quoted, the rest as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}

/// Collects everything that is wrong with an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Nothing wrong so far.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything found, in the order found.
    #[must_use]
    pub fn into_vec(self) -> Vec<FieldError> {
        self.0
    }

    /// Everything found so far.
    #[must_use]
    pub fn as_slice(&self) -> &[FieldError] {
        &self.0
    }

    /// Adds one finding.
    pub fn push(&mut self, error: FieldError) {
        self.0.push(error);
    }

    /// The field must be given.
    pub fn required(&mut self, path: &FieldPath, detail: impl Into<String>) {
        self.add(Fault::Required, path, Value::Null, detail);
    }

    /// The field's value is not acceptable.
    pub fn invalid(&mut self, path: &FieldPath, value: impl Serialize, detail: impl Into<String>) {
        self.add(Fault::Invalid, path, value, detail);
    }

    /// What lies below the field does not go together.
    pub fn invalid_as_a_whole(&mut self, path: &FieldPath, detail: impl Into<String>) {
        self.add(Fault::InvalidAsAWhole, path, Value::Null, detail);
    }

    /// The field may not be given here, or not be changed.
    pub fn forbidden(&mut self, path: &FieldPath, detail: impl Into<String>) {
        self.add(Fault::Forbidden, path, Value::Null, detail);
    }

    /// Another entry has the same value.
    pub fn duplicate(&mut self, path: &FieldPath, value: impl Serialize) {
        self.add(Fault::Duplicate, path, value, "");
    }

    /// What the field refers to does not exist.
    pub fn not_found(&mut self, path: &FieldPath, value: impl Serialize) {
        self.add(Fault::NotFound, path, value, "");
    }

    /// The field is longer than `most` bytes.
    pub fn too_long(&mut self, path: &FieldPath, most: usize) {
        self.add(
            Fault::TooLong,
            path,
            Value::Null,
            format!("may not be more than {most} bytes"),
        );
    }

    /// The field's value is none of `known`.
    pub fn not_supported(&mut self, path: &FieldPath, value: impl Serialize, known: &[&str]) {
        let known: Vec<String> = known.iter().map(|word| format!("{word:?}")).collect();
        self.add(
            Fault::NotSupported,
            path,
            value,
            format!("supported values: {}", known.join(", ")),
        );
    }

    /// One `Invalid` per sentence of a rule of names.
    pub fn named(&mut self, path: &FieldPath, name: &str, rule: gantry_base::name::Rule) {
        for wrong in rule(name) {
            self.invalid(path, name, wrong);
        }
    }

    /// The field may not change once it is set.
    pub fn require_same<T: Serialize + PartialEq>(&mut self, path: &FieldPath, new: &T, old: &T) {
        if new != old {
            self.invalid(path, new, "field is immutable");
        }
    }

    fn add(
        &mut self,
        fault: Fault,
        path: &FieldPath,
        value: impl Serialize,
        detail: impl Into<String>,
    ) {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.0.push(FieldError {
            fault,
            path: path.clone(),
            value,
            detail: detail.into(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_read_as_clients_expect_them() {
        let mut errors = FieldErrors::new();
        let path = FieldPath::new("spec.type");
        errors.required(&path, "");
        errors.invalid(&path, -1, "must be greater than or equal to 0");
        errors.not_supported(&path, "X", &["A", "B"]);
        let shown: Vec<String> = errors.as_slice().iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "spec.type: Required value",
                "spec.type: Invalid value: -1: must be greater than or equal to 0",
                "spec.type: Unsupported value: \"X\": supported values: \"A\", \"B\"",
            ]
        );
    }
}
