//! JSON as the stock command line prints it: four spaces, and three letters escaped.

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

/// The tree as indented JSON with a line end.
pub(crate) fn pretty(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer =
        Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    "));
    value
        .serialize(&mut serializer)
        .expect("a tree is always valid JSON");
    let mut text = String::from_utf8(bytes).expect("JSON is UTF-8");
    text.push('\n');
    // Those letters can only stand inside strings.
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}
