//! Protobuf, as clients of built-in kinds know it: what reading and writing it have in common.
//!
//! An object travels as four bytes of magic, an envelope that names its kind, and in it the kind's
//! own message. A table says what the fields are called in JSON; reading and writing both go by it,
//! and neither names a kind. Kinds that users declare have no such form.

pub(crate) mod table;

use crate::schema::Schema;
use table::{Message, Table};

/// What every object begins with.
pub(crate) const MAGIC: &[u8] = b"k8s\0";

/// The message of a kind, if it has one.
pub(crate) fn message(group: &str, version: &str, kind: &str) -> Option<&'static Message> {
    let table = Table::builtin();
    let of_facts = || {
        let kind = Schema::builtin().kind(group, version, kind)?;
        table.named(&kind.object()?.name)
    };
    table.kind(group, version, kind).or_else(of_facts)
}

/// Group and version, as an object's `apiVersion` has them.
pub(crate) fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}
