//! The bytes of an answer, piece by piece, each made when it is wanted.
//!
//! A long list holds one picture of the store, not a copy of what is in it: whoever reads it slowly
//! keeps one piece waiting.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use gantry_kinds::Descriptor;
use gantry_store::Snapshot;

use crate::limits::LIST_PIECE_BYTES;
use crate::render;
use crate::selection::Selection;

/// What a revision takes at most.
const REVISION_BYTES: usize = 20;

/// The bytes of an answer, to be sent one piece after the other.
#[derive(Clone, Debug)]
pub enum Pieces {
    /// They are there.
    Ready(std::vec::IntoIter<Bytes>),
    /// They are joined as they are asked for.
    List(Box<Unsent>),
}

impl Pieces {
    /// All that is left, as one.
    #[must_use]
    pub fn concat(mut self) -> Bytes {
        let first = self.next().unwrap_or_default();
        let Some(second) = self.next() else {
            return first;
        };
        let pieces = [first, second].into_iter().chain(self);
        let whole = pieces.fold(BytesMut::new(), |mut whole, piece| {
            whole.put(piece);
            whole
        });
        whole.freeze()
    }
}

impl Default for Pieces {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl From<Vec<Bytes>> for Pieces {
    fn from(pieces: Vec<Bytes>) -> Self {
        Self::Ready(pieces.into_iter())
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Ready(pieces) => pieces.next(),
            Self::List(list) => list.next(),
        }
    }
}

/// What is still to be sent of a list of stored objects in JSON.
#[derive(Clone, Debug)]
pub struct Unsent {
    pub(crate) snapshot: Snapshot,
    pub(crate) prefix: String,
    /// The key behind which it goes on.
    pub(crate) after: Option<String>,
    pub(crate) selection: Selection,
    /// What they are.
    pub(crate) kind: Arc<Descriptor>,
    /// How many objects there are at most.
    pub(crate) left: usize,
    /// What comes before the next object; nothing once the list is closed.
    pub(crate) before: Option<String>,
}

impl Iterator for Unsent {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut before = self.before.take()?;
        let mut piece = BytesMut::with_capacity(LIST_PIECE_BYTES);
        let mut last = None;
        let after = self.after.take();
        let range = self
            .snapshot
            .selected(&self.prefix, after.as_deref(), self.selection.labels());
        let selected = range.filter(|(key, stored)| self.selection.means(key, &stored.value));
        for (key, stored) in selected.take(self.left) {
            let length = before.len() + stored.value.len() + REVISION_BYTES;
            if last.is_some() && piece.len() + length > LIST_PIECE_BYTES {
                self.after = last.map(str::to_owned);
                self.before = Some(before);
                return Some(piece.freeze());
            }
            piece.put_slice(before.as_bytes());
            render::item(&self.kind, stored, &mut piece);
            ",".clone_into(&mut before);
            self.left -= 1;
            last = Some(key.as_str());
        }
        if before != "," {
            piece.put_slice(before.as_bytes());
        }
        piece.put_slice(b"]}");
        Some(piece.freeze())
    }
}
