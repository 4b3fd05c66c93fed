//! Fits a parsed body to a type: values of the right types pass, unknown and duplicate fields are
//! noted, unknown ones are dropped, and a few notations are made canonical.
//!
//! `null` means absent for a field, except where the schema says that it is a value; where
//! something must be there (list items, map values, required lists) it means empty.

use std::borrow::Cow;

use gantry_base::{FieldPath, Quantity, Timestamp, suggest, time};
use serde_json::{Map, Number, Value};

use super::node::{Entry, Node, NodeKind, Source};
use super::{DecodeError, Decoded, Finding, Problem};
use crate::limits;
use crate::schema::{Field, Shape, TypeRef};

/// Fits a body to a type.
pub(super) fn typed<'a>(
    node: Node<'a>,
    source: Source<'a>,
    root: TypeRef<'a>,
) -> Result<Decoded, DecodeError> {
    let mut walk = Walk::new(source);
    let value = walk.value(node, root)?;
    Ok(walk.finish(value))
}

/// Takes a body as it is; only duplicates are noted.
pub(super) fn untyped<'a>(node: Node<'a>, source: Source<'a>) -> Decoded {
    let mut walk = Walk::new(source);
    let value = walk.free(node);
    walk.finish(value)
}

/// One step from an object to something in it.
enum Step<'a> {
    Field(Cow<'a, str>),
    Index(usize),
}

struct Walk<'a> {
    source: Source<'a>,
    path: Vec<Step<'a>>,
    unknown: Vec<Finding>,
    duplicate: Vec<Finding>,
}

impl<'a> Walk<'a> {
    const fn new(source: Source<'a>) -> Self {
        Self {
            source,
            path: Vec::new(),
            unknown: Vec::new(),
            duplicate: Vec::new(),
        }
    }

    fn finish(self, value: Value) -> Decoded {
        let mut findings = self.unknown;
        findings.extend(self.duplicate);
        Decoded { value, findings }
    }

    fn value(&mut self, node: Node<'a>, ty: TypeRef<'a>) -> Result<Value, DecodeError> {
        let kind = match (ty.shape(), node.kind) {
            (Shape::Any | Shape::Free, kind) => return Ok(self.free(Node { kind, ..node })),
            (_, NodeKind::Null) => return Ok(empty(ty.shape())),
            (Shape::Object { .. }, NodeKind::Object(entries)) => return self.object(entries, ty),
            (Shape::Map { .. }, NodeKind::Object(entries)) => return self.map(entries, ty),
            (Shape::List { .. }, NodeKind::List(items)) => return self.list(items, ty),
            (_, kind) => kind,
        };
        scalar(ty.shape(), &kind).ok_or_else(|| DecodeError::Type {
            path: self.here(),
            expected: expected(ty.shape()),
            found: described(&kind),
            line: self.source.line(node.offset),
        })
    }

    fn object(&mut self, entries: Vec<Entry<'a>>, ty: TypeRef<'a>) -> Result<Value, DecodeError> {
        let mut map = Map::new();
        for entry in entries {
            let Some(field) = ty.field(&entry.key) else {
                self.unlisted(entry, ty, &mut map);
                continue;
            };
            let Entry {
                offset,
                value: node,
                ..
            } = entry;
            self.path.push(Step::Field(Cow::Borrowed(&field.name)));
            if drops_null(field, &node) {
                self.note_repeated(map.remove(&field.name).is_some(), offset);
            } else {
                let keeps_null = field.nullable && matches!(node.kind, NodeKind::Null);
                let value = if keeps_null {
                    Value::Null
                } else {
                    self.value(node, ty.of(field))?
                };
                self.note_repeated(map.insert(field.name.clone(), value).is_some(), offset);
            }
            self.path.pop();
        }
        Ok(Value::Object(map))
    }

    /// A field that the type does not list: kept if the type is open, else noted and dropped.
    fn unlisted(&mut self, entry: Entry<'a>, ty: TypeRef<'a>, map: &mut Map<String, Value>) {
        let Some(object) = ty.object() else { return };
        self.path.push(Step::Field(entry.key.clone()));
        if object.open {
            let value = self.free(entry.value);
            self.note_repeated(
                map.insert(entry.key.into_owned(), value).is_some(),
                entry.offset,
            );
        } else {
            let known = object.fields.iter().map(|field| field.name.as_str());
            let suggestion = suggest::nearest(&entry.key, known).map(String::from);
            let finding = self.finding(Problem::Unknown { suggestion }, entry.offset);
            let is_new = self.unknown.iter().all(|other| other.path != finding.path);
            if is_new && self.unknown.len() < limits::FINDINGS_MAX {
                self.unknown.push(finding);
            }
        }
        self.path.pop();
    }

    fn map(&mut self, entries: Vec<Entry<'a>>, ty: TypeRef<'a>) -> Result<Value, DecodeError> {
        let mut map = Map::new();
        for entry in entries {
            self.path.push(Step::Field(entry.key.clone()));
            let value = self.value(entry.value, ty.child(&entry.key))?;
            self.note_repeated(
                map.insert(entry.key.into_owned(), value).is_some(),
                entry.offset,
            );
            self.path.pop();
        }
        Ok(Value::Object(map))
    }

    fn list(&mut self, items: Vec<Node<'a>>, ty: TypeRef<'a>) -> Result<Value, DecodeError> {
        let mut list = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            self.path.push(Step::Index(index));
            list.push(self.value(item, ty.item())?);
            self.path.pop();
        }
        Ok(Value::Array(list))
    }

    fn free(&mut self, node: Node<'a>) -> Value {
        match node.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(truth) => Value::Bool(truth),
            NodeKind::Number(number) => Value::Number(number),
            NodeKind::Text(text) => Value::String(text.into_owned()),
            NodeKind::List(items) => {
                let free = |(index, item)| {
                    self.path.push(Step::Index(index));
                    let value = self.free(item);
                    self.path.pop();
                    value
                };
                items.into_iter().enumerate().map(free).collect()
            }
            NodeKind::Object(entries) => {
                let mut map = Map::new();
                for Entry { key, offset, value } in entries {
                    self.path.push(Step::Field(key.clone()));
                    let value = self.free(value);
                    self.note_repeated(map.insert(key.into_owned(), value).is_some(), offset);
                    self.path.pop();
                }
                Value::Object(map)
            }
        }
    }

    fn note_repeated(&mut self, is_repeated: bool, offset: usize) {
        if is_repeated && self.duplicate.len() < limits::FINDINGS_MAX {
            let finding = self.finding(Problem::Duplicate, offset);
            self.duplicate.push(finding);
        }
    }

    fn finding(&self, problem: Problem, offset: usize) -> Finding {
        let name = match self.path.last() {
            Some(Step::Field(name)) => name.to_string(),
            Some(Step::Index(_)) | None => String::new(),
        };
        Finding {
            problem,
            path: self.here(),
            name,
            line: self.source.line(offset),
        }
    }

    fn here(&self) -> FieldPath {
        self.path
            .iter()
            .fold(FieldPath::root(), |path, step| match step {
                Step::Field(name) => path.field(name),
                Step::Index(index) => path.index(*index),
            })
    }
}

/// Whether a field's `null` means that it is absent. A required list or map is empty instead,
/// since clients write an empty list of theirs as `null`.
fn drops_null(field: &Field, node: &Node<'_>) -> bool {
    let is_collection = matches!(field.shape, Shape::List { .. } | Shape::Map { .. });
    let keeps = field.nullable || (field.required && is_collection);
    let is_null = matches!(node.kind, NodeKind::Null);
    is_null && !keeps && !matches!(field.shape, Shape::Free)
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
