//! Reads protobuf, as clients of built-in kinds send it.
//!
//! The table says when a zero on the wire is nothing in JSON, so that an object reads the same
//! whichever way it came. What the table does not know is skipped: a newer
//! client may send it. Kinds that users declare have no such encoding, and are refused.

mod message;
mod scalar;
#[cfg(test)]
mod tests;
mod wire;

use std::borrow::Cow;

use super::DecodeError;
use super::node::{Entry, Node, NodeKind};
use crate::proto::table::Table;
use crate::proto::{self, MAGIC};
use crate::trail::Trail;
use message::Walk;
pub use wire::Malformed;

/// The only way that the object's message may be written, where the envelope says it.
const CONTENT_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// Reads a body that holds one object.
pub(super) fn parse(body: &[u8]) -> Result<Node<'_>, DecodeError> {
    let envelope = envelope(body).map_err(|problem| problem.at(&Trail::Root))?;
    let (group, version) = proto::split(envelope.api_version);
    let Some(message) = proto::message(group, version, envelope.kind) else {
        return Err(DecodeError::NoMessage {
            api_version: envelope.api_version.into(),
            kind: envelope.kind.into(),
        });
    };
    let own = Walk::new(Table::builtin()).object(envelope.message, message, &Trail::Root)?;
    let mut entries = vec![
        named("apiVersion", envelope.api_version),
        named("kind", envelope.kind),
    ];
    entries.extend(own);
    Ok(written(NodeKind::Object(entries)))
}

/// What stands around an object.
struct Envelope<'a> {
    api_version: &'a str,
    kind: &'a str,
    message: &'a [u8],
}

fn envelope(body: &[u8]) -> Result<Envelope<'_>, Malformed> {
    let body = body.strip_prefix(MAGIC).ok_or(Malformed::Magic)?;
    let [kind, message, encoding, content] = wire::fields(body)?;
    let text = |raw: Option<wire::Raw<'_>>| raw.is_none_or(|raw| raw.text() == Ok(""));
    let is_own = content.is_none_or(|raw| matches!(raw.text(), Ok("" | CONTENT_TYPE)));
    if !text(encoding) || !is_own {
        return Err(Malformed::Content);
    }
    let [api_version, kind] = wire::fields(kind.ok_or(Malformed::NoKind)?.bytes()?)?;
    Ok(Envelope {
        api_version: api_version.ok_or(Malformed::NoKind)?.text()?,
        kind: kind.ok_or(Malformed::NoKind)?.text()?,
        message: message.map_or(Ok(&[][..]), wire::Raw::bytes)?,
    })
}

fn named<'a>(key: &'static str, text: &'a str) -> Entry<'a> {
    let value = written(NodeKind::Text(Cow::Borrowed(text)));
    Entry {
        key: key.into(),
        offset: 0,
        value,
    }
}

/// A node of a body without lines.
fn written(kind: NodeKind<'_>) -> Node<'_> {
    Node { offset: 0, kind }
}
