//! YAML with positions, from the events of a parser.
//!
//! Anchors, aliases and merge keys (`<<`) are resolved here, against a budget, so that a small
//! body cannot ask for much memory. Only what JSON can say is accepted.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, Tag};

use super::node::{Budget, Entry, Node, NodeKind, Source};
use super::{DecodeError, scalar};
use crate::limits;

/// Parses every document of a stream. Empty documents are left out.
pub(super) fn parse(text: &str) -> Result<Vec<Node<'_>>, DecodeError> {
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, without_comments()),
        source: Source::new(text.as_bytes()),
        anchors: BTreeMap::new(),
        budget: Budget::full(),
        depth: 0,
    };
    let mut documents = Vec::new();
    while let Some(document) = reader.document()? {
        if documents.len() == limits::DOCUMENTS_MAX {
            return Err(DecodeError::TooManyDocuments);
        }
        if !matches!(document.kind, NodeKind::Null) {
            documents.push(document);
        }
    }
    Ok(documents)
}

/// Comments are skipped, whatever another user of the parser switched on in the same build.
fn without_comments() -> Options {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options
}

struct Reader<'a, E> {
    events: E,
    source: Source<'a>,
    anchors: BTreeMap<usize, Node<'a>>,
    budget: Budget,
    depth: usize,
}

impl<'a, E> Reader<'a, E>
where
    E: Iterator<Item = Result<(Event<'a>, Span), ScanError>>,
{
    fn document(&mut self) -> Result<Option<Node<'a>>, DecodeError> {
        loop {
            match self.next()? {
                (Event::DocumentStart(..), _) => {
                    // An anchor does not outlive its document.
                    self.anchors.clear();
                    self.budget = Budget::full();
                    let (event, offset) = self.next()?;
                    return self.node(event, offset).map(Some);
                }
                (Event::StreamEnd, _) => return Ok(None),
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, usize), DecodeError> {
        let Some(event) = self.events.next() else {
            return Ok((Event::StreamEnd, 0));
        };
        let (event, span) = event.map_err(|error| DecodeError::Syntax {
            line: error.marker().line(),
            column: error.marker().col() + 1,
            detail: error.info(),
        })?;
        Ok((event, span.start.byte_offset().unwrap_or(0)))
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the parser's enum is not exhaustive; what is no value is refused"
    )]
    fn node(&mut self, event: Event<'a>, offset: usize) -> Result<Node<'a>, DecodeError> {
        let (kind, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.budget.charge(text.len())?;
                (self.scalar(text, style, tag.as_deref(), offset)?, anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.nested(Self::list)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.nested(Self::object)?, anchor),
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).cloned();
                let target = target.ok_or_else(|| {
                    self.wrong(offset, "an alias may not stand within its anchor")
                })?;
                self.budget.charge_copy(&target)?;
                return Ok(target);
            }
            _ => return Err(self.wrong(offset, "expected a value")),
        };
        let node = Node { offset, kind };
        if anchor != 0 {
            self.budget.charge_copy(&node)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn nested(
        &mut self,
        inner: fn(&mut Self) -> Result<NodeKind<'a>, DecodeError>,
    ) -> Result<NodeKind<'a>, DecodeError> {
        if self.depth == limits::DEPTH_MAX {
            return Err(DecodeError::TooDeep);
        }
        self.budget.charge(0)?;
        self.depth += 1;
        let kind = inner(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn list(&mut self) -> Result<NodeKind<'a>, DecodeError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(NodeKind::List(items)),
                (event, offset) => items.push(self.node(event, offset)?),
            }
        }
    }

    fn object(&mut self) -> Result<NodeKind<'a>, DecodeError> {
        let mut entries = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, offset) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let is_merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = self.key(event, offset)?;
            let (event, value_offset) = self.next()?;
            let value = self.node(event, value_offset)?;
            if is_merge {
                merged.push(value);
            } else {
                entries.push(Entry { key, offset, value });
            }
        }
        self.merge(&mut entries, merged)?;
        Ok(NodeKind::Object(entries))
    }

    /// Keys are texts in JSON: what is written counts, also when it looks like something else.
    fn key(&mut self, event: Event<'a>, offset: usize) -> Result<Cow<'a, str>, DecodeError> {
        if let Event::Scalar(text, _, 0, _) = event {
            self.budget.charge(text.len())?;
            return Ok(text);
        }
        match self.node(event, offset)?.kind {
            NodeKind::Text(text) => Ok(text),
            NodeKind::Number(number) => Ok(number.to_string().into()),
            NodeKind::Bool(truth) => Ok(truth.to_string().into()),
            NodeKind::Null | NodeKind::List(_) | NodeKind::Object(_) => {
                Err(self.wrong(offset, "expected a text as the key"))
            }
        }
    }

    /// Adds the entries of merge keys that are not there yet.
    fn merge(
        &self,
        entries: &mut Vec<Entry<'a>>,
        mut merged: Vec<Node<'a>>,
    ) -> Result<(), DecodeError> {
        if merged.is_empty() {
            return Ok(());
        }
        let mut known: BTreeSet<_> = entries.iter().map(|entry| entry.key.clone()).collect();
        // The first one wins, so the stack is turned over, here and for lists.
        merged.reverse();
        while let Some(node) = merged.pop() {
            match node.kind {
                NodeKind::Object(more) => {
                    entries.extend(
                        more.into_iter()
                            .filter(|entry| known.insert(entry.key.clone())),
                    );
                }
                NodeKind::List(items) => merged.extend(items.into_iter().rev()),
                NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::Text(_) => {
                    return Err(self.wrong(node.offset, "expected a mapping to merge"));
                }
            }
        }
        Ok(())
    }

    fn scalar(
        &self,
        text: Cow<'a, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        offset: usize,
    ) -> Result<NodeKind<'a>, DecodeError> {
        let tag = tag.filter(|tag| tag.is_yaml_core_schema()).map(Tag::suffix);
        let kind = match (tag, style) {
            (Some("str"), _) => None,
            (Some("binary"), _) => return Err(self.wrong(offset, "the tag !!binary is not known")),
            (Some("int" | "float"), _) => match scalar::number(&text) {
                Some(number) => Some(NodeKind::Number(number)),
                None => return Err(self.wrong(offset, "expected a number")),
            },
            (_, ScalarStyle::Plain) if matches!(&*text, ".inf" | "-.inf" | ".nan") => {
                return Err(self.wrong(offset, "expected a finite number"));
            }
            (_, ScalarStyle::Plain) => scalar::plain(&text),
            _ => None,
        };
        Ok(kind.unwrap_or(NodeKind::Text(text)))
    }

    fn wrong(&self, offset: usize, detail: &'static str) -> DecodeError {
        let (line, column) = self.source.position(offset);
        DecodeError::Syntax {
            line,
            column,
            detail: detail.into(),
        }
    }
}
