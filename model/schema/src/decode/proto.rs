//! Protobuf, as clients of built-in kinds send it: four bytes of magic, an envelope that names the
//! kind, and in it the object's own message.
//!
//! A table says what the fields are called and when a zero on the wire is nothing in JSON, so that
//! an object reads the same whichever way it came. What the table does not know is skipped: a newer
//! client may send it. Kinds that users declare have no such encoding, and are refused.

mod message;
mod scalar;
mod table;
#[cfg(test)]
mod tests;
mod wire;

use std::borrow::Cow;

use super::DecodeError;
use super::node::{Entry, Node, NodeKind};
use crate::schema::Schema;
use crate::trail::Trail;
use message::Walk;
use table::{Message, Table};
pub use wire::Malformed;

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";
/// The only way that the object's message may be written, where the envelope says it.
const CONTENT_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// Reads a body that holds one object.
pub(super) fn parse(body: &[u8]) -> Result<Node<'_>, DecodeError> {
    let envelope = envelope(body).map_err(|problem| problem.at(&Trail::Root))?;
    let table = Table::builtin();
    let Some(message) = message_of(table, &envelope) else {
        return Err(DecodeError::NoMessage {
            api_version: envelope.api_version.into(),
            kind: envelope.kind.into(),
        });
    };
    let own = Walk::new(table).object(envelope.message, message, &Trail::Root)?;
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

/// The message of the kind that the envelope names.
fn message_of(table: &'static Table, envelope: &Envelope<'_>) -> Option<&'static Message> {
    let (group, version) = envelope
        .api_version
        .split_once('/')
        .unwrap_or(("", envelope.api_version));
    let kind = Schema::builtin().kind(group, version, envelope.kind)?;
    table.named(&kind.object()?.name)
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
