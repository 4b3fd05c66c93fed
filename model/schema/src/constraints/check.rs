//! Checks a value against the tree, and all below it.
//!
//! Nothing is built on the way but for what is found to be wrong.

use gantry_api::field_error::Fault;
use gantry_api::{FieldError, FieldErrors};
use gantry_base::FieldPath;
use serde_json::{Map, Value};

use super::{Bounds, Node};
use crate::former::Former;
use crate::limits::{FAULTS_BYTES_MAX, FAULTS_MAX};
use crate::schema::ListKind;
use crate::trail::Trail;

/// What is wrong with a value, and how much of what was asked of it was right: of several
/// alternatives that are all wrong, the one that fits best says why.
#[derive(Debug, Default)]
pub(super) struct Walk<'a> {
    /// The field that the walk began at, when it is not the whole object.
    base: &'a str,
    pub(super) errors: Vec<FieldError>,
    /// What the errors take together.
    bytes: usize,
    pub(super) right: usize,
}

impl<'a> Walk<'a> {
    pub(super) const fn new(base: &'a str) -> Self {
        Self {
            base,
            errors: Vec::new(),
            bytes: 0,
            right: 0,
        }
    }

    /// A walk of its own from the same beginning, for an alternative.
    pub(super) const fn aside(&self) -> Self {
        Self::new(self.base)
    }

    /// Takes over what another walk found.
    pub(super) fn merge(&mut self, other: Walk<'_>) {
        other.errors.into_iter().for_each(|error| self.push(error));
        self.right += other.right;
    }

    /// Notes that something is wrong, as long as there is room for it. There is for the first.
    pub(super) fn push(&mut self, error: FieldError) {
        if self.is_full() {
            return;
        }
        let value = error.value.as_str().map_or_else(
            || serde_json::to_string(&error.value).map_or(0, |text| text.len()),
            str::len,
        );
        self.bytes += error.detail.len() + error.path.as_str().len() + value;
        self.errors.push(error);
    }

    /// Whether so much is wrong that nothing more is looked for.
    const fn is_full(&self) -> bool {
        FAULTS_MAX <= self.errors.len() || FAULTS_BYTES_MAX <= self.bytes
    }

    pub(super) fn result(mut self, node: &Node, value: &Value, old: Option<&Value>) -> FieldErrors {
        self.value(node, value, old, &Trail::Root);
        self.told()
    }

    /// The result for a whole object. Alternatives for whole objects are rare: only they need it as
    /// a value.
    pub(super) fn whole(
        mut self,
        node: &Node,
        object: &Map<String, Value>,
        old: Option<&Map<String, Value>>,
    ) -> FieldErrors {
        self.members(node, object, old, &Trail::Root);
        if node.has_alternatives() {
            let value = Value::Object(object.clone());
            let old = old.cloned().map(Value::Object);
            self.alternatives(node, &value, old.as_ref(), &Trail::Root);
        }
        self.told()
    }

    fn told(self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        self.errors.into_iter().for_each(|error| errors.push(error));
        errors
    }

    /// Checks `value`, which takes the place of `old`.
    pub(super) fn value(
        &mut self,
        node: &Node,
        value: &Value,
        old: Option<&Value>,
        at: &Trail<'_>,
    ) {
        if self.is_full() {
            return;
        }
        let (before, bytes) = (self.errors.len(), self.bytes);
        self.check_type(node, value, at);
        if !value.is_null() {
            self.alternatives(node, value, old, at);
        }
        match value {
            Value::Null => {}
            Value::Bool(_) => self.right += 1,
            Value::Number(number) => node.numbers.check(number, self, at),
            Value::String(text) => self.text(node, text, at),
            Value::Array(items) => self.items(node, items, old, at),
            Value::Object(members) => {
                let old = old.and_then(Value::as_object);
                self.members(node, members, old, at);
            }
        }
        self.check_allowed(node, value, at);
        // What was there before stays acceptable.
        if before < self.errors.len() && old == Some(value) {
            self.errors.truncate(before);
            self.bytes = bytes;
        }
    }

    fn check_type(&mut self, node: &Node, value: &Value, at: &Trail<'_>) {
        if node.types.is_empty() || (value.is_null() && node.nullable) {
            return;
        }
        let found = type_of(value);
        let has = |name: &str| node.types.contains(&name);
        let fits = has(found)
            || (found == "integer" && has("number"))
            || (is_whole(value) && has("integer"));
        if fits {
            self.right += 2;
            return;
        }
        let named = node.format.as_ref().map(|format| format.name());
        match named.filter(|_| !value.is_null() && !value.is_string()) {
            Some(format) => self.type_error(at, format, precision_of(value)),
            None => self.type_error(at, &node.types.join(","), found),
        }
    }

    fn type_error(&mut self, at: &Trail<'_>, wanted: &str, found: &str) {
        let told = format!("must be of type {wanted}: {found:?}");
        self.wrong(Fault::TypeInvalid, at, found.into(), &told);
    }

    fn check_allowed(&mut self, node: &Node, value: &Value, at: &Trail<'_>) {
        if node.allowed.allows(value) {
            return;
        }
        self.push(FieldError {
            fault: Fault::NotSupported,
            path: self.path(at),
            value: value.clone(),
            detail: format!("supported values: {}", node.allowed.shown()),
        });
    }

    fn text(&mut self, node: &Node, text: &str, at: &Trail<'_>) {
        let length = || u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        if let Some(most) = node.length.most.filter(|most| *most < length()) {
            let detail = format!("may not be more than {most} bytes");
            self.plainly(Fault::TooLong, at, Value::Null, detail);
        }
        if let Some(least) = node.length.least.filter(|least| length() < *least) {
            let told = format!("should be at least {least} chars long");
            self.wrong(Fault::Invalid, at, text.into(), &told);
        }
        if let Some(pattern) = node.pattern.as_ref().filter(|known| !known.matches(text)) {
            let told = format!("should match '{}'", pattern.as_str());
            self.wrong(Fault::Invalid, at, text.into(), &told);
        }
        if let Some(format) = node.format.as_ref().filter(|known| !known.fits(text)) {
            let told = format!("must be of type {}: {text:?}", format.name());
            self.wrong(Fault::TypeInvalid, at, text.into(), &told);
        }
        self.right += 2;
    }

    fn items(&mut self, node: &Node, items: &[Value], old: Option<&Value>, at: &Trail<'_>) {
        if let Some(kind) = &node.list {
            self.unique(kind, items, old, at);
        }
        let old = old.and_then(Value::as_array);
        let former = old.map(|old| Former::new(node.keys(), old));
        let former = former.unwrap_or_default();
        if let Some(node) = &node.item {
            for (index, item) in items.iter().enumerate() {
                let old = former.of(item);
                self.value(node, item, old, &Trail::Index(at, index));
            }
        }
        self.count(node.items, items.len(), "items", at);
        self.right += 2;
    }

    fn members(
        &mut self,
        node: &Node,
        members: &Map<String, Value>,
        old: Option<&Map<String, Value>>,
        at: &Trail<'_>,
    ) {
        self.count(node.members, members.len(), "properties", at);
        for (name, value) in members {
            let node = node.properties.get(name).or(node.entries.as_deref());
            if let Some(node) = node {
                let old = old.and_then(|old| old.get(name));
                self.value(node, value, old, &Trail::Field(at, name));
            }
        }
        for name in &node.required {
            if !members.contains_key(name) {
                self.plainly(Fault::Required, &Trail::Field(at, name), Value::Null, "");
            }
        }
        for name in ["apiVersion", "kind"] {
            let given = members.get(name).and_then(Value::as_str).unwrap_or("");
            if node.is_embedded && given.is_empty() {
                let at = Trail::Field(at, name);
                self.plainly(Fault::Required, &at, Value::Null, "must not be empty");
            }
        }
        self.right += 1;
    }

    fn count(&mut self, bounds: Bounds, found: usize, of: &str, at: &Trail<'_>) {
        let found = u64::try_from(found).unwrap_or(u64::MAX);
        if let Some(least) = bounds.least.filter(|least| found < *least) {
            let told = format!("should have at least {least} {of}");
            self.wrong(Fault::Invalid, at, found.into(), &told);
        }
        if let Some(most) = bounds.most.filter(|most| *most < found) {
            let detail = format!("must have at most {most} items");
            self.plainly(Fault::TooMany, at, found.into(), detail);
        }
    }

    /// Something is wrong, in the words for a part of a body.
    pub(super) fn wrong(&mut self, fault: Fault, at: &Trail<'_>, value: Value, told: &str) {
        let detail = format!("{} in body {told}", at.path().as_str());
        self.plainly(fault, at, value, detail);
    }

    /// Something is wrong, in exactly these words.
    pub(super) fn plainly(
        &mut self,
        fault: Fault,
        at: &Trail<'_>,
        value: Value,
        detail: impl Into<String>,
    ) {
        self.push(FieldError {
            fault,
            path: self.path(at),
            value,
            detail: detail.into(),
        });
    }

    pub(super) fn path(&self, at: &Trail<'_>) -> FieldPath {
        let path = at.path();
        match (self.base, path.as_str()) {
            ("", _) => path,
            (base, "") => FieldPath::new(base),
            (base, inside) => FieldPath::new(format!("{base}.{inside}")),
        }
    }
}

impl Node {
    /// The fields that tell the items of a list apart.
    fn keys(&self) -> &[String] {
        match &self.list {
            Some(ListKind::Keyed(keys)) => keys,
            Some(ListKind::Set | ListKind::Atomic) | None => &[],
        }
    }

    fn has_alternatives(&self) -> bool {
        let lists = [&self.all_of, &self.any_of, &self.one_of];
        self.not.is_some() || lists.into_iter().any(|list| !list.is_empty())
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// How exact a number is, as messages about formats say it.
fn precision_of(value: &Value) -> &'static str {
    match type_of(value) {
        "integer" => "int64",
        "number" => "float64",
        _ => "",
    }
}

/// Whether a number with a fraction has none.
fn is_whole(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number.fract() == 0.0)
}
