//! A parsed value that remembers where each part was written.
//!
//! Texts are borrowed from the body where nothing had to be unescaped. Objects keep every entry,
//! so that duplicates can still be seen.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::DecodeError;
use crate::limits;

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    /// In bytes from the beginning of the body.
    pub(super) offset: usize,
    pub(super) kind: NodeKind<'a>,
}

#[derive(Clone, Debug)]
pub(super) enum NodeKind<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<Entry<'a>>),
}

/// One key of an object as written.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) offset: usize,
    pub(super) value: Node<'a>,
}

impl Node<'static> {
    /// A value that was not written anywhere.
    pub(super) fn unwritten(value: Value) -> Self {
        let kind = match value {
            Value::Null => NodeKind::Null,
            Value::Bool(truth) => NodeKind::Bool(truth),
            Value::Number(number) => NodeKind::Number(number),
            Value::String(text) => NodeKind::Text(text.into()),
            Value::Array(items) => NodeKind::List(items.into_iter().map(Self::unwritten).collect()),
            Value::Object(map) => NodeKind::Object(map.into_iter().map(unwritten_entry).collect()),
        };
        Self { offset: 0, kind }
    }
}

fn unwritten_entry((key, value): (String, Value)) -> Entry<'static> {
    Entry {
        key: key.into(),
        offset: 0,
        value: Node::unwritten(value),
    }
}

impl Node<'_> {
    /// The value of a key, if this is an object that has it as text.
    pub(super) fn text_at(&self, key: &str) -> Option<&str> {
        let NodeKind::Object(entries) = &self.kind else {
            return None;
        };
        let entry = entries.iter().find(|entry| entry.key == key)?;
        if let NodeKind::Text(text) = &entry.value.kind {
            Some(text)
        } else {
            None
        }
    }
}

/// How much more a body may hold. Charged for every value, aliases written out.
#[derive(Debug)]
pub(super) struct Budget {
    nodes: usize,
    bytes: usize,
}

impl Budget {
    pub(super) const fn full() -> Self {
        Self {
            nodes: limits::NODES_MAX,
            bytes: limits::TEXT_BYTES_MAX,
        }
    }

    /// Pays for one value with `bytes` of text.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        let nodes = self
            .nodes
            .checked_sub(1)
            .ok_or(DecodeError::TooManyValues)?;
        let bytes = self
            .bytes
            .checked_sub(bytes)
            .ok_or(DecodeError::TooMuchText)?;
        *self = Self { nodes, bytes };
        Ok(())
    }

    /// Pays for a copy of a whole value.
    pub(super) fn charge_copy(&mut self, node: &Node<'_>) -> Result<(), DecodeError> {
        match &node.kind {
            NodeKind::Text(text) => self.charge(text.len()),
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) => self.charge(0),
            NodeKind::List(items) => {
                self.charge(0)?;
                items.iter().try_for_each(|item| self.charge_copy(item))
            }
            NodeKind::Object(entries) => {
                self.charge(0)?;
                entries.iter().try_for_each(|entry| {
                    self.charge(entry.key.len())?;
                    self.charge_copy(&entry.value)
                })
            }
        }
    }
}

/// The body, to turn offsets into lines when something is to be said about them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    text: &'a [u8],
}

impl<'a> Source<'a> {
    /// The body that offsets count from.
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self { text }
    }

    /// The line, counted from 1, when the body has more than one.
    pub(super) fn line(self, offset: usize) -> Option<usize> {
        self.text
            .trim_ascii()
            .contains(&b'\n')
            .then(|| self.position(offset).0)
    }

    /// Line and column, both counted from 1.
    pub(super) fn position(self, offset: usize) -> (usize, usize) {
        let before = &self.text[..offset.min(self.text.len())];
        let newlines = before.iter().filter(|byte| **byte == b'\n').count();
        let start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        (newlines + 1, before.len() - start + 1)
    }
}
