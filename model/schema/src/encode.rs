//! From stored JSON to the form that clients of built-in kinds like best: protobuf.
//!
//! The bytes of an object are read once and written at once, by the same table that bodies are read
//! by: there is no tree in between, and no kind is named. Fields come in the order of their numbers,
//! entries of maps in that of their keys. What is not there in JSON is not written, whereas the
//! original writes the zeros of what cannot be absent; readers see no difference.

mod list;
mod message;
mod scalar;
#[cfg(test)]
mod tests;
mod wire;

use std::borrow::Cow;

use serde::Deserialize;

use crate::proto::table::Message;
use crate::proto::{self, MAGIC};
pub use list::List;

/// A kind whose objects can be written in protobuf.
#[derive(Clone, Debug)]
pub struct Kind {
    api_version: String,
    kind: String,
    message: &'static Message,
}

/// Why an object could not be written in protobuf.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The kind has no message.
    #[error("write {kind:?} of {api_version:?} as protobuf: no message is known")]
    NoMessage {
        /// The version that the object names.
        api_version: String,
        /// The kind that the object names.
        kind: String,
    },
    /// The object does not have the form of its kind.
    #[error("write an object as protobuf")]
    Shape(#[from] serde_json::Error),
}

/// What an object says it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
}

/// Whether objects of this kind can be written in protobuf.
#[must_use]
pub fn is_known(group: &str, version: &str, kind: &str) -> bool {
    proto::message(group, version, kind).is_some()
}

/// Writes an object of the kind that it names itself.
pub fn object(json: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let head: Head<'_> = serde_json::from_slice(json)?;
    Kind::of(&head.api_version, &head.kind)?.object(json)
}

/// What a watcher is told, as it stands in a stream: its length in four bytes, then a word on what
/// happened and the object, which is written already.
#[must_use]
pub fn event(word: &str, object: &[u8]) -> Vec<u8> {
    const WORD: u32 = 1;
    const OBJECT: u32 = 2;
    const RAW: u32 = 1;
    let mut out = vec![0; 4];
    wire::piece(&mut out, WORD, word.as_bytes());
    wire::message(&mut out, OBJECT, |out| wire::piece(out, RAW, object));
    let length = u32::try_from(out.len() - 4).expect("an object is at most some megabytes");
    out[..4].copy_from_slice(&length.to_be_bytes());
    out
}

impl Kind {
    /// The kind that objects name so.
    pub fn of(api_version: &str, kind: &str) -> Result<Self, EncodeError> {
        let (group, version) = proto::split(api_version);
        let message = proto::message(group, version, kind);
        let message = message.ok_or_else(|| EncodeError::NoMessage {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
        })?;
        Ok(Self {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            message,
        })
    }

    /// Writes an object of this kind.
    pub fn object(&self, json: &[u8]) -> Result<Vec<u8>, EncodeError> {
        let mut out = self.head();
        let start = out.len();
        message::write(&mut out, self.message, json)?;
        wire::close(&mut out, start);
        finish(&mut out);
        Ok(out)
    }

    /// The magic, the kind, and the tag of the message.
    fn head(&self) -> Vec<u8> {
        const TYPE: u32 = 1;
        const API_VERSION: u32 = 1;
        const KIND: u32 = 2;
        let mut out = MAGIC.to_vec();
        wire::message(&mut out, TYPE, |out| {
            wire::piece(out, API_VERSION, self.api_version.as_bytes());
            wire::piece(out, KIND, self.kind.as_bytes());
        });
        wire::tag(&mut out, 2, wire::LENGTH);
        out
    }
}

/// What stands in the envelope behind the message: that neither its encoding nor its type is any
/// other than usual.
fn finish(out: &mut Vec<u8>) {
    wire::piece(out, 3, b"");
    wire::piece(out, 4, b"");
}
