//! Fits a parsed body to a type: values of the right types pass, unknown and duplicate fields are
//! noted, unknown ones are dropped, and a few notations are made canonical.
//!
//! `null` means absent for a field, except where the schema says that it is a value; where
//! something must be there (list items, map values, required lists) it means empty.

use gantry_base::{Quantity, Timestamp, time};
use serde_json::{Map, Number, Value};

use super::node::{Entry, Node, NodeKind, Source};
use super::{DecodeError, Decoded, Finding, Problem};
use crate::limits;
use crate::schema::{Field, Shape, TypeRef};
use crate::trail::Trail;

/// Fits a body to a type.
pub(super) fn typed<'a>(
    node: Node<'a>,
    source: Source<'a>,
    root: TypeRef<'_>,
) -> Result<Decoded, DecodeError> {
    let mut walk = Walk::new(source);
    let value = walk.value(node, root, &Trail::Root)?;
    Ok(walk.finish(value))
}

/// Takes a body as it is; only duplicates are noted.
pub(super) fn untyped<'a>(node: Node<'a>, source: Source<'a>) -> Decoded {
    let mut walk = Walk::new(source);
    let value = walk.free(node.kind, &Trail::Root);
    walk.finish(value)
}

struct Walk<'a> {
    source: Source<'a>,
    /// Whether the object that the walk is in keeps values of another type.
    keeps_misfits: bool,
    unknown: Vec<Finding>,
    duplicate: Vec<Finding>,
    /// Bytes of paths that may still be written out.
    allowance: usize,
}

impl<'a> Walk<'a> {
    const fn new(source: Source<'a>) -> Self {
        let allowance = limits::FINDINGS_BYTES_MAX;
        Self {
            source,
            keeps_misfits: false,
            unknown: Vec::new(),
            duplicate: Vec::new(),
            allowance,
        }
    }

    fn finish(self, value: Value) -> Decoded {
        let mut findings = self.unknown;
        findings.extend(self.duplicate);
        Decoded { value, findings }
    }

    fn value(
        &mut self,
        node: Node<'a>,
        ty: TypeRef<'_>,
        at: &Trail<'_>,
    ) -> Result<Value, DecodeError> {
        let kind = match (ty.shape(), node.kind) {
            (Shape::Any | Shape::Free, kind) => return Ok(self.free(kind, at)),
            (_, NodeKind::Null) if self.keeps_misfits => return Ok(Value::Null),
            (_, NodeKind::Null) => return Ok(empty(ty.shape())),
            (Shape::Object { .. }, NodeKind::Object(entries)) => {
                return self.object(entries, ty, at);
            }
            (Shape::Map { .. }, NodeKind::Object(entries)) => return self.map(entries, ty, at),
            (Shape::List { .. }, NodeKind::List(items)) => return self.list(items, ty, at),
            (_, kind) => kind,
        };
        match scalar(ty.shape(), &kind) {
            Some(value) => Ok(value),
            None if self.keeps_misfits => Ok(self.free(kind, at)),
            None => Err(DecodeError::Type {
                path: at.path(),
                expected: expected(ty.shape()),
                found: described(&kind),
                line: self.source.line(node.offset),
            }),
        }
    }

    fn object(
        &mut self,
        entries: Vec<Entry<'a>>,
        ty: TypeRef<'_>,
        at: &Trail<'_>,
    ) -> Result<Value, DecodeError> {
        let keeps = ty.object().is_some_and(|object| object.keeps_misfits);
        let outside = std::mem::replace(&mut self.keeps_misfits, keeps);
        let fields = self.fields(entries, ty, at);
        self.keeps_misfits = outside;
        fields
    }

    fn fields(
        &mut self,
        entries: Vec<Entry<'a>>,
        ty: TypeRef<'_>,
        at: &Trail<'_>,
    ) -> Result<Value, DecodeError> {
        let mut map = Map::new();
        for entry in entries {
            let Some(field) = ty.field(&entry.key) else {
                self.unlisted(entry, ty, at, &mut map);
                continue;
            };
            let Entry {
                key,
                offset,
                value: node,
            } = entry;
            let here = Trail::Field(at, &key);
            let is_repeated = if self.drops_null(field, &node) {
                map.remove(&field.name).is_some()
            } else {
                let keeps_null = field.nullable && matches!(node.kind, NodeKind::Null);
                let value = if keeps_null {
                    Value::Null
                } else {
                    self.value(node, ty.of(field), &here)?
                };
                map.insert(field.name.clone(), value).is_some()
            };
            self.note_repeated(is_repeated, &here, &key, offset);
        }
        Ok(Value::Object(map))
    }

    /// A field that the type does not list: kept if the type is open, else noted and dropped.
    fn unlisted(
        &mut self,
        entry: Entry<'a>,
        ty: TypeRef<'_>,
        at: &Trail<'_>,
        map: &mut Map<String, Value>,
    ) {
        let Some(object) = ty.object() else { return };
        if object.open {
            self.free_entry(entry, at, map);
            return;
        }
        if self.unknown.len() < limits::FINDINGS_MAX && self.allowance > 0 {
            let problem = Problem::Unknown {
                suggestion: object.suggestion(&entry.key),
            };
            let line = self.source.line(entry.offset);
            let finding = Finding::new(problem, &Trail::Field(at, &entry.key), &entry.key, line);
            if self.unknown.iter().all(|other| other.path != finding.path) {
                self.pay(&finding);
                self.unknown.push(finding);
            }
        }
    }

    fn map(
        &mut self,
        entries: Vec<Entry<'a>>,
        ty: TypeRef<'_>,
        at: &Trail<'_>,
    ) -> Result<Value, DecodeError> {
        let mut map = Map::new();
        for Entry { key, offset, value } in entries {
            let here = Trail::Field(at, &key);
            let value = self.value(value, ty.child(&key), &here)?;
            let is_repeated = map.insert(key.to_string(), value).is_some();
            self.note_repeated(is_repeated, &here, &key, offset);
        }
        Ok(Value::Object(map))
    }

    fn list(
        &mut self,
        items: Vec<Node<'a>>,
        ty: TypeRef<'_>,
        at: &Trail<'_>,
    ) -> Result<Value, DecodeError> {
        let items = items.into_iter().enumerate();
        items
            .map(|(index, item)| self.value(item, ty.item(), &Trail::Index(at, index)))
            .collect()
    }

    fn free(&mut self, kind: NodeKind<'a>, at: &Trail<'_>) -> Value {
        match kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(truth) => Value::Bool(truth),
            NodeKind::Number(number) => Value::Number(number),
            NodeKind::Text(text) => Value::String(text.into_owned()),
            NodeKind::List(items) => {
                let items = items.into_iter().enumerate();
                items
                    .map(|(index, item)| self.free(item.kind, &Trail::Index(at, index)))
                    .collect()
            }
            NodeKind::Object(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    self.free_entry(entry, at, &mut map);
                }
                Value::Object(map)
            }
        }
    }

    fn free_entry(&mut self, entry: Entry<'a>, at: &Trail<'_>, map: &mut Map<String, Value>) {
        let Entry { key, offset, value } = entry;
        let here = Trail::Field(at, &key);
        let value = self.free(value.kind, &here);
        let is_repeated = map.insert(key.to_string(), value).is_some();
        self.note_repeated(is_repeated, &here, &key, offset);
    }

    fn note_repeated(&mut self, is_repeated: bool, at: &Trail<'_>, name: &str, offset: usize) {
        if is_repeated && self.duplicate.len() < limits::FINDINGS_MAX && self.allowance > 0 {
            let finding = Finding::new(Problem::Duplicate, at, name, self.source.line(offset));
            self.pay(&finding);
            self.duplicate.push(finding);
        }
    }

    /// Whether a field's `null` means that it is absent. A required list or map is empty instead,
    /// since clients write an empty list of theirs as `null`; what keeps misfits tells nullable
    /// fields from others and nothing else.
    fn drops_null(&self, field: &Field, node: &Node<'_>) -> bool {
        if !matches!(node.kind, NodeKind::Null) {
            return false;
        }
        if self.keeps_misfits {
            return !field.nullable;
        }
        let is_collection = matches!(field.shape, Shape::List { .. } | Shape::Map { .. });
        let keeps = field.nullable || (field.required && is_collection);
        !keeps && !matches!(field.shape, Shape::Free)
    }

    /// Pays for a finding. The last one may cost more than is left, so that there always is one.
    fn pay(&mut self, finding: &Finding) {
        self.allowance = self.allowance.saturating_sub(finding.path.as_str().len());
    }
}

/// What `null` stands for where something has to be.
fn empty(shape: &Shape) -> Value {
    match shape {
        Shape::Any | Shape::Free | Shape::Time | Shape::MicroTime => Value::Null,
        Shape::Text | Shape::Bytes => Value::String(String::new()),
        Shape::Quantity => Value::String("0".into()),
        Shape::Integer { .. } | Shape::IntOrText | Shape::Number => Value::from(0),
        Shape::Bool => Value::Bool(false),
        Shape::List { .. } => Value::Array(Vec::new()),
        Shape::Object { .. } | Shape::Map { .. } => Value::Object(Map::new()),
    }
}

/// The value in its canonical notation, if it is of this shape.
fn scalar(shape: &Shape, kind: &NodeKind<'_>) -> Option<Value> {
    match (shape, kind) {
        (Shape::Text, NodeKind::Text(text)) => Some(Value::String(text.to_string())),
        (Shape::Bytes, NodeKind::Text(text)) if is_base64(text) => {
            Some(Value::String(text.replace(['\r', '\n'], "")))
        }
        (Shape::Bool, NodeKind::Bool(truth)) => Some(Value::Bool(*truth)),
        (Shape::Number, NodeKind::Number(number)) => Some(Value::Number(number.clone())),
        (Shape::Integer { bits }, NodeKind::Number(number)) => integer(*bits, number),
        (Shape::IntOrText, NodeKind::Number(number)) => integer(32, number),
        (Shape::IntOrText, NodeKind::Text(text)) => Some(Value::String(text.to_string())),
        (Shape::Quantity, NodeKind::Text(text)) => quantity(text),
        (Shape::Quantity, NodeKind::Number(number)) => quantity(&number.to_string()),
        (Shape::Time, NodeKind::Text(text)) => text
            .parse::<Timestamp>()
            .ok()
            .map(|at| Value::String(time::rfc3339(at))),
        (Shape::MicroTime, NodeKind::Text(text)) => text
            .parse::<Timestamp>()
            .ok()
            .map(|at| Value::String(time::rfc3339_micro(at))),
        _ => None,
    }
}

fn integer(bits: u32, number: &Number) -> Option<Value> {
    let value = number.as_i64()?;
    let fits = bits == 64 || i32::try_from(value).is_ok();
    fits.then(|| Value::from(value))
}

fn quantity(text: &str) -> Option<Value> {
    let quantity: Quantity = text.parse().ok()?;
    Some(Value::String(quantity.to_string()))
}

/// Whether a text is padded standard base64. Line breaks within it do not count.
fn is_base64(text: &str) -> bool {
    let bytes = || text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    let padding = bytes().rev().take_while(|byte| *byte == b'=').count();
    let length = bytes().count();
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    length.is_multiple_of(4) && padding <= 2 && bytes().take(length - padding).all(is_digit)
}

/// A shape in words, as messages name it.
fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any | Shape::Free => "anything",
        Shape::Text => "string",
        Shape::Integer { bits: 32 } => "integer",
        Shape::Integer { .. } => "64-bit integer",
        Shape::Bool => "boolean",
        Shape::Number => "number",
        Shape::Quantity => "quantity such as 500m or 2Gi",
        Shape::IntOrText => "integer or string",
        Shape::Time | Shape::MicroTime => "time such as 2006-01-02T15:04:05Z",
        Shape::Bytes => "bytes in base64",
        Shape::Object { .. } | Shape::Map { .. } => "object",
        Shape::List { .. } => "list",
    }
}

/// What was found, short enough for a message.
fn described(kind: &NodeKind<'_>) -> String {
    const SHOWN_MAX: usize = 40;
    match kind {
        NodeKind::Null => "null".into(),
        NodeKind::Bool(truth) => format!("boolean {truth}"),
        NodeKind::Number(number) => format!("number {number}"),
        NodeKind::Text(text) if text.chars().nth(SHOWN_MAX).is_none() => format!("string {text:?}"),
        NodeKind::Text(text) => {
            let start: String = text.chars().take(SHOWN_MAX).collect();
            format!("string {:?}", start + "...")
        }
        NodeKind::List(_) => "list".into(),
        NodeKind::Object(_) => "object".into(),
    }
}
