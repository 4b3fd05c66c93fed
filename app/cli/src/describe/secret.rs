//! `Secret`: its keys, never its values.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::page::Page;
use super::{Chapter, Subject};
use crate::fields::{entries, text};

pub(super) const CHAPTER: Chapter = Chapter {
    group: "",
    kind: "Secret",
    kin: &[],
    with_events: false,
    write,
};

fn write(page: &mut Page, subject: &Subject<'_>) {
    let secret = subject.object;
    page.head(secret);
    page.line(
        0,
        format!("\nType:\t{}\n\nData\n====", text(secret, "type")),
    );
    for (key, value) in entries(secret, "data") {
        page.field(0, key, format!("{} bytes", length(value)));
    }
}

/// How many bytes an encoded value has.
pub(super) fn length(value: &Value) -> usize {
    let decoded = STANDARD.decode(value.as_str().unwrap_or_default());
    decoded.map_or(0, |bytes| bytes.len())
}
