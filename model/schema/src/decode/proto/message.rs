//! The walk from a message to a value, driven by the table.
//!
//! A field that is given twice counts as it was given last; lists and maps grow. Depth and the
//! number of values are bounded, whatever the bytes say.

use super::scalar;
use super::wire::{self, Malformed, Raw, Reader};
use super::written;
use crate::decode::node::{Budget, Entry, Node, NodeKind};
use crate::decode::{DecodeError, json};
use crate::limits;
use crate::proto::table::{Field, Many, Message, MessageId, Table, Type};
use crate::trail::Trail;

/// A walk over one body.
#[derive(Debug)]
pub(super) struct Walk {
    table: &'static Table,
    budget: Budget,
    depth: usize,
}

/// What was found of one field.
#[derive(Debug, Default)]
struct Slot<'a> {
    nodes: Vec<Node<'a>>,
    entries: Vec<Entry<'a>>,
}

impl Walk {
    pub(super) const fn new(table: &'static Table) -> Self {
        Self {
            table,
            budget: Budget::full(),
            depth: 0,
        }
    }

    /// The fields of a message that is an object in JSON.
    pub(super) fn object<'a>(
        &mut self,
        bytes: &'a [u8],
        message: &'static Message,
        at: &Trail<'_>,
    ) -> Result<Vec<Entry<'a>>, DecodeError> {
        let slots = self.slots(bytes, message, at)?;
        let mut entries = Vec::new();
        for (field, slot) in message.fields.iter().zip(slots) {
            if field.many == Many::Inline {
                entries.extend(slot.entries);
            } else if let Some(value) = slot.value(field.many).or_else(|| absent(field)) {
                entries.push(entry(field.name.into(), value));
            }
        }
        Ok(entries)
    }

    fn slots<'a>(
        &mut self,
        bytes: &'a [u8],
        message: &'static Message,
        at: &Trail<'_>,
    ) -> Result<Vec<Slot<'a>>, DecodeError> {
        if self.depth >= limits::DEPTH_MAX {
            return Err(DecodeError::TooDeep);
        }
        self.depth += 1;
        let mut slots: Vec<Slot<'a>> = Vec::new();
        slots.resize_with(message.fields.len(), Slot::default);
        let mut reader = Reader::new(bytes);
        while let Some((number, raw)) = reader.field().map_err(|problem| problem.at(at))? {
            if let Some(index) = message.position(number) {
                self.take(&message.fields[index], raw, &mut slots[index], at)?;
            }
        }
        self.depth -= 1;
        Ok(slots)
    }

    /// Adds what was read to what was found of its field.
    fn take<'a>(
        &mut self,
        field: &Field,
        raw: Raw<'a>,
        slot: &mut Slot<'a>,
        at: &Trail<'_>,
    ) -> Result<(), DecodeError> {
        let own = Trail::Field(at, field.name);
        let at = if field.name.is_empty() { at } else { &own };
        // In JSON, a list or a map is a level of its own.
        let level = usize::from(matches!(field.many, Many::List | Many::Map));
        self.depth += level;
        match (field.many, field.of, raw) {
            (Many::One, of, _) => {
                let value = self.value(of, raw, at)?;
                let is_nothing = field.omits_zero && is_zero(&value.kind);
                slot.nodes.clear();
                slot.nodes.extend((!is_nothing).then_some(value));
            }
            (Many::List, Type::Scalar(of), Raw::Bytes(packed)) if scalar::is_packable(of) => {
                let mut reader = Reader::new(packed);
                while let Some(number) = reader.number().map_err(|problem| problem.at(at))? {
                    let number = Raw::Varint(number);
                    slot.nodes.push(self.value(field.of, number, at)?);
                }
            }
            (Many::List, of, _) => {
                let at = Trail::Index(at, slot.nodes.len());
                slot.nodes.push(self.value(of, raw, &at)?);
            }
            (Many::Map, of, _) => slot.entries.push(self.pair(of, raw, at)?),
            (Many::Inline, of, _) => {
                let value = self.value(of, raw, at)?;
                slot.entries = if let NodeKind::Object(own) = value.kind {
                    own
                } else {
                    Vec::new()
                };
            }
        }
        self.depth -= level;
        Ok(())
    }

    /// An entry of a map, which is a message of a key and a value; either may be left out when it
    /// is zero.
    fn pair<'a>(
        &mut self,
        of: Type,
        raw: Raw<'a>,
        at: &Trail<'_>,
    ) -> Result<Entry<'a>, DecodeError> {
        let read = || -> Result<_, Malformed> {
            let [key, value] = wire::fields(raw.bytes()?)?;
            let zero = if let Type::Scalar(of) = of {
                scalar::zero(of)
            } else {
                Raw::Bytes(&[])
            };
            Ok((key.map_or(Ok(""), Raw::text)?, value.unwrap_or(zero)))
        };
        let (key, value) = read().map_err(|problem| problem.at(at))?;
        let value = self.value(of, value, &Trail::Key(at, key))?;
        Ok(entry(key.into(), value))
    }

    fn value<'a>(
        &mut self,
        of: Type,
        raw: Raw<'a>,
        at: &Trail<'_>,
    ) -> Result<Node<'a>, DecodeError> {
        // Texts are no longer than the body, which is bounded already.
        self.budget.charge(0)?;
        match of {
            Type::Message(id) => self.message(id, raw, at),
            Type::Json => self.json(raw, at),
            Type::Scalar(of) => scalar::read(of, raw)
                .map(written)
                .map_err(|problem| problem.at(at)),
        }
    }

    fn message<'a>(
        &mut self,
        id: MessageId,
        raw: Raw<'a>,
        at: &Trail<'_>,
    ) -> Result<Node<'a>, DecodeError> {
        let bytes = raw.bytes().map_err(|problem| problem.at(at))?;
        let message = self.table.message(id);
        if !message.is_bare {
            return self
                .object(bytes, message, at)
                .map(NodeKind::Object)
                .map(written);
        }
        let slots = self.slots(bytes, message, at)?;
        let found = message.fields.iter().zip(slots).rev();
        let mut values = found.filter_map(|(field, slot)| slot.value(field.many));
        Ok(values.next().unwrap_or_else(|| written(NodeKind::Null)))
    }

    /// A piece of JSON, which is the first field of a message; an empty one is null.
    fn json<'a>(&mut self, raw: Raw<'a>, at: &Trail<'_>) -> Result<Node<'a>, DecodeError> {
        let read = || -> Result<_, Malformed> {
            let [text] = wire::fields(raw.bytes()?)?;
            text.map_or(Ok(""), Raw::text)
        };
        let text = read().map_err(|problem| problem.at(at))?;
        if text.is_empty() {
            return Ok(written(NodeKind::Null));
        }
        let node = json::parse_within(text, self.depth).map_err(|error| {
            let is_syntax = matches!(error, DecodeError::Syntax { .. });
            if is_syntax {
                Malformed::Json.at(at)
            } else {
                error
            }
        })?;
        self.budget.charge_copy(&node)?;
        Ok(node)
    }
}

impl<'a> Slot<'a> {
    /// The field's value, if it was there.
    fn value(mut self, many: Many) -> Option<Node<'a>> {
        let kind = match many {
            Many::One => return self.nodes.pop(),
            Many::List => NodeKind::List(self.nodes),
            Many::Map | Many::Inline => NodeKind::Object(self.entries),
        };
        let is_empty = matches!(&kind, NodeKind::List(nodes) if nodes.is_empty())
            || matches!(&kind, NodeKind::Object(entries) if entries.is_empty());
        (!is_empty).then(|| written(kind))
    }
}

fn entry<'a>(key: std::borrow::Cow<'a, str>, value: Node<'a>) -> Entry<'a> {
    Entry {
        key,
        offset: 0,
        value,
    }
}

/// What stands for a field that was not there: null for lists and maps that are never left out.
fn absent(field: &Field) -> Option<Node<'static>> {
    let is_collection = matches!(field.many, Many::List | Many::Map);
    (is_collection && !field.omits_zero).then(|| written(NodeKind::Null))
}

fn is_zero(kind: &NodeKind<'_>) -> bool {
    match kind {
        NodeKind::Bool(truth) => !truth,
        NodeKind::Number(number) => number.as_f64() == Some(0.0),
        NodeKind::Text(text) => text.is_empty(),
        NodeKind::Null | NodeKind::List(_) | NodeKind::Object(_) => false,
    }
}
