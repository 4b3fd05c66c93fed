//! Every kind in protobuf: made, read, listed and watched.

use bytes::Bytes;
use gantry_schema::decode::{self, Format};
use serde_json::Value;

use super::{Server, bare, examples, holds, stored};
use crate::request::Body;
use crate::verbs::watch::WatchPlan;
use crate::{Encoding, Request, Step};

/// What an answer is in protobuf.
fn answered(server: &mut Server, mut request: Request) -> Bytes {
    request.caller = server.caller.clone();
    request.encoding = Encoding::Protobuf;
    let Ok(Step::Reply(reply)) = server.step(&request) else {
        panic!("a reading request is answered");
    };
    let pieces = reply.into_encoded(None, Encoding::Protobuf).unwrap();
    pieces.concat()
}

fn in_protobuf(object: &Value) -> Bytes {
    let json = object.to_string().into();
    Encoding::Protobuf.written(json).unwrap()
}

/// The plan of a watch in protobuf.
fn plan(server: &mut Server, mut request: Request) -> Box<WatchPlan> {
    request.caller = server.caller.clone();
    request.encoding = Encoding::Protobuf;
    match server.step(&request) {
        Ok(Step::Watch(plan)) => plan,
        other => panic!("a watch is planned: {other:?}"),
    }
}

/// Takes away what objects within an object say they are: messages have no place for it.
fn forget_types(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("metadata") && fields.contains_key("kind") {
                fields.retain(|name, _| name != "kind" && name != "apiVersion");
            }
            fields.values_mut().for_each(forget_types);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_types),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_kind_is_made_in_protobuf_as_in_json() {
    for example in examples(|kind| kind.verbs.allow("create")) {
        let file = super::file_of(&example.kind);
        let body = |bytes, format| Some(Body { bytes, format });
        let mut one = example.request("create");
        one.body = body(example.object.to_string().into(), Format::Json);
        let mut other = example.request("create");
        other.body = body(in_protobuf(&example.object), Format::Protobuf);
        let (one, other) = (
            example.server().ok(one, None),
            example.server().ok(other, None),
        );
        assert!(holds(&bare(other), &bare(one)), "{file}");
    }
}

#[test]
fn every_kind_is_read_in_protobuf() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let (mut server, mut made) = example.made();
        let list = server.ok(example.request("list"), None);
        let get = answered(&mut server, example.request("get"));
        let read = decode::parse(&get, Format::Protobuf).unwrap();
        made.as_object_mut()
            .unwrap()
            .values_mut()
            .for_each(forget_types);
        let read = read.untyped().value;
        assert!(holds(&read, &made), "{file}: {made:#} is read as {read:#}");
        let listed = answered(&mut server, example.request("list"));
        assert_eq!(listed, in_protobuf(&list), "{file}");
    }
}

#[test]
fn every_kind_is_watched_in_protobuf() {
    for example in examples(stored) {
        let file = super::file_of(&example.kind);
        let (mut server, made) = example.made();
        let plan = plan(&mut server, example.request("watch"));
        let events = plan.begin(&server.snapshot()).unwrap();
        let now = server.now;
        let frames = events.iter().map(|event| plan.frame(event, false, now));
        let own = in_protobuf(&made);
        let mut frames = frames.filter(|frame| frame.ends_with(&own));
        let frame = frames.next().unwrap_or_else(|| panic!("{file} is told of"));
        let (length, event) = frame.split_first_chunk().unwrap();
        assert_eq!(
            usize::try_from(u32::from_be_bytes(*length)),
            Ok(event.len()),
            "{file}"
        );
        assert!(event.starts_with(b"\x0a\x05ADDED\x12"), "{file}");
        // Bookmarks and errors are told in the same way.
        let bookmark = plan.bookmark(plan.since, true);
        assert!(bookmark[4..].starts_with(b"\x0a\x08BOOKMARK\x12"), "{file}");
    }
}
