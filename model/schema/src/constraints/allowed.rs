//! The values that are allowed where only some are.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::limits::ALLOWED_BYTES_MAX;

/// From how many texts on they are looked up instead of looked through.
const MANY: usize = 16;

/// The values of an `enum`; all when there are none.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed {
    values: Vec<Value>,
    /// The texts among them, when they are many.
    texts: Option<BTreeSet<String>>,
}

impl Allowed {
    pub(super) fn new(values: &[Value]) -> Self {
        let texts = values.iter().filter_map(Value::as_str).map(str::to_owned);
        Self {
            texts: (MANY < values.len()).then(|| texts.collect()),
            values: values.to_vec(),
        }
    }

    pub(super) fn allows(&self, value: &Value) -> bool {
        if self.values.is_empty() {
            return true;
        }
        match (&self.texts, value) {
            (Some(texts), Value::String(text)) => texts.contains(text),
            _ => self.values.iter().any(|allowed| is_same(allowed, value)),
        }
    }

    /// All of them in words, or as many as anybody reads.
    pub(super) fn shown(&self) -> String {
        let mut text = String::new();
        for allowed in &self.values {
            if ALLOWED_BYTES_MAX < text.len() {
                text.push_str(", ...");
                break;
            }
            if !text.is_empty() {
                text.push_str(", ");
            }
            let word = allowed.as_str().map(str::to_owned);
            let word = word.unwrap_or_else(|| allowed.to_string());
            text.push_str(&format!("{:?}", shortened(&word)));
        }
        text
    }
}

/// The beginning of a word that is too long to be shown.
fn shortened(word: &str) -> &str {
    &word[..word.floor_char_boundary(ALLOWED_BYTES_MAX)]
}

/// Whether two values are the same; numbers are, however they are written.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}
