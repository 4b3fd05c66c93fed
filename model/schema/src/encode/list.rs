//! Lists: object after object, each written from its own bytes.

use super::{EncodeError, Kind, finish, message, wire};
use crate::proto::table::{Field, Message, Table, Type};

/// A list that grows by an object at a time.
#[derive(Debug)]
pub struct List {
    kind: Kind,
    number: u32,
    item: &'static Message,
    pieces: Vec<Vec<u8>>,
    piece_bytes: usize,
}

impl List {
    /// An empty list of a kind that has items; its bytes come in pieces of about `piece_bytes`.
    pub fn new(api_version: &str, kind: &str, piece_bytes: usize) -> Result<Self, EncodeError> {
        let kind = Kind::of(api_version, kind)?;
        let place = kind.message.place("items");
        let item = place.and_then(|place| match place.of {
            Type::Message(id) => Some((place.number, Table::builtin().message(id))),
            Type::Scalar(_) | Type::Json => None,
        });
        let Some((number, item)) = item else {
            return Err(EncodeError::NoMessage {
                api_version: kind.api_version,
                kind: kind.kind,
            });
        };
        Ok(Self {
            kind,
            number,
            item,
            pieces: vec![Vec::new()],
            piece_bytes,
        })
    }

    /// Adds an object.
    pub fn push(&mut self, json: &[u8]) -> Result<(), EncodeError> {
        if self.last().len() >= self.piece_bytes {
            self.pieces.push(Vec::with_capacity(self.piece_bytes));
        }
        let (number, item) = (self.number, self.item);
        let out = self.last();
        wire::tag(out, number, wire::LENGTH);
        let start = out.len();
        message::write(out, item, json)?;
        wire::close(out, start);
        Ok(())
    }

    /// The pieces of the whole list; `rest` is the list in JSON without its items.
    pub fn finish(mut self, rest: &[u8]) -> Result<Vec<Vec<u8>>, EncodeError> {
        let mut own = Vec::new();
        message::write(&mut own, self.kind.message, rest)?;
        let mut head = self.kind.head();
        let items: usize = self.pieces.iter().map(Vec::len).sum();
        wire::varint(&mut head, (own.len() + items) as u64);
        let comes_after = |field: &Field| field.name == "metadata" && field.number > self.number;
        if self.kind.message.fields.iter().any(comes_after) {
            self.last().extend(own);
        } else {
            head.extend(own);
        }
        finish(self.last());
        self.pieces.insert(0, head);
        Ok(self.pieces)
    }

    fn last(&mut self) -> &mut Vec<u8> {
        self.pieces.last_mut().expect("there is always a piece")
    }
}
