//! The second version of the published schemas in protobuf, which the oldest clients insist on.
//!
//! The form is that of the OpenAPI v2 messages that such clients were built with: their field
//! numbers are a table below, of what we publish and no more. What begins with `x-` travels as text.

mod messages;

use serde_json::{Map, Value};

use messages::{DOCUMENT, Field, Message, Shape};

/// The document in protobuf.
pub(super) fn encode(document: &Value) -> Vec<u8> {
    message(&DOCUMENT, document)
}

fn message(kind: &Message, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        match kind.fields.iter().find(|field| field.name == name) {
            Some(field) => put(&mut out, field, value),
            None if name.starts_with("x-") => {
                let named = named(name, &any(value));
                bytes(&mut out, kind.extensions, &named);
            }
            None => {}
        }
    }
    out
}

fn put(out: &mut Vec<u8>, field: &Field, value: &Value) {
    let number = field.number;
    match field.shape {
        Shape::Text => text(out, number, value),
        Shape::Flag => {
            if let Some(flag) = value.as_bool() {
                tag(out, number, VARINT);
                out.push(u8::from(flag));
            }
        }
        Shape::Texts => each(value).for_each(|value| text(out, number, value)),
        Shape::Types => {
            let mut types = Vec::new();
            each(value).for_each(|value| text(&mut types, 1, value));
            bytes(out, number, &types);
        }
        Shape::One(kind) => bytes(out, number, &message(kind, value)),
        Shape::Wrapped(kind) => bytes(out, number, &wrapped(1, &message(kind, value))),
        Shape::Each(kind) => {
            for value in each(value) {
                bytes(out, number, &message(kind, value));
            }
        }
        Shape::Named { inside, kind } => bytes(out, number, &all_named(inside, kind, value)),
        Shape::Responses(kind) => bytes(out, number, &responses(kind, value)),
        Shape::Parameters => {
            for value in each(value) {
                bytes(out, number, &parameter(value));
            }
        }
        Shape::Anything => each(value).for_each(|value| bytes(out, number, &any(value))),
    }
}

/// A map becomes a message that repeats pairs of name and value.
fn all_named(inside: u32, kind: &Message, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in members(value) {
        bytes(&mut out, inside, &named(name, &message(kind, value)));
    }
    out
}

fn responses(kind: &Message, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    for (code, value) in members(value) {
        let response = wrapped(1, &message(kind, value));
        bytes(&mut out, 1, &named(code, &response));
    }
    out
}

/// A parameter is one of several messages, by where it stands.
fn parameter(value: &Value) -> Vec<u8> {
    let is_in = |place: &str| value["in"] == place;
    let one = if is_in("body") {
        wrapped(1, &message(&messages::BODY, value))
    } else if is_in("path") {
        wrapped(2, &wrapped(4, &message(&messages::IN_PATH, value)))
    } else {
        wrapped(2, &wrapped(3, &message(&messages::IN_QUERY, value)))
    };
    wrapped(1, &one)
}

/// A value of whatever form travels as text. JSON is YAML.
fn any(value: &Value) -> Vec<u8> {
    wrapped(2, value.to_string().as_bytes())
}

fn named(name: &str, value: &[u8]) -> Vec<u8> {
    let mut out = wrapped(1, name.as_bytes());
    bytes(&mut out, 2, value);
    out
}

fn wrapped(number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    bytes(&mut out, number, content);
    out
}

/// The elements of a list, or the one value that stands in its place.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    let list = value.as_array();
    let one = list.is_none().then_some(value);
    list.into_iter().flatten().chain(one)
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

const VARINT: u32 = 0;
const LENGTH: u32 = 2;

fn text(out: &mut Vec<u8>, number: u32, value: &Value) {
    if let Some(text) = value.as_str() {
        bytes(out, number, text.as_bytes());
    }
}

fn bytes(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    tag(out, number, LENGTH);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn tag(out: &mut Vec<u8>, number: u32, wire: u32) {
    varint(out, u64::from(number << 3 | wire));
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while 0x80 <= number {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_and_flags_are_written_under_their_numbers() {
        let document = json!({"swagger": "2.0", "info": {"title": "K", "version": "v1"}});
        let expected = b"\x0a\x032.0\x12\x07\x0a\x01K\x12\x02v1";
        let mut encoded = encode(&document);
        let mut wanted = expected.to_vec();
        // The order of fields on the wire is free.
        encoded.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(encoded, wanted);
    }

    #[test]
    fn lengths_past_a_byte_go_on_in_the_next() {
        let mut out = Vec::new();
        varint(&mut out, 300);
        assert_eq!(out, [0xac, 0x02]);
    }

    #[test]
    fn parameters_say_where_they_stand() {
        let query = parameter(&json!({"name": "force", "in": "query", "type": "boolean"}));
        assert_eq!(query[0], 1 << 3 | 2);
        assert_eq!(query[2], 2 << 3 | 2, "not in the body");
        assert_eq!(query[4], 3 << 3 | 2, "in the query");
        let body = parameter(&json!({"name": "body", "in": "body"}));
        assert_eq!(body[2], 1 << 3 | 2, "in the body");
    }

    #[test]
    fn what_begins_with_an_x_travels_as_text() {
        let encoded = message(&messages::SCHEMA, &json!({"x-list-type": "map"}));
        assert_eq!(
            encoded,
            b"\xfa\x01\x16\x0a\x0bx-list-type\x12\x07\x12\x05\"map\""
        );
    }
}
