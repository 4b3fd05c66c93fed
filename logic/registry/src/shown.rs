//! Bodies as trees, for those who write down what was sent and answered.

use serde_json::Value;

use gantry_api::GroupVersion;
use gantry_schema::{Format, Schema, decode};

/// The object in a body, if it can be read.
#[must_use]
pub fn object(bytes: &[u8], format: Format) -> Option<Value> {
    let document = decode::parse(bytes, format).ok()?;
    if format != Format::Protobuf {
        return Some(document.untyped().value);
    }
    let version = GroupVersion::parse(document.text_at("apiVersion")?);
    let kind = document.text_at("kind")?.to_owned();
    let schema = Schema::builtin();
    let ty = schema.kind(&version.group, &version.version, &kind)?;
    Some(document.typed(ty).ok()?.value)
}
