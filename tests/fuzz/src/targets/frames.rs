//! What peers of the network send: frames of SPDY and of WebSockets, DNS messages.

use gantry_dns::wire::{self as dns_wire, Code, Limit, Response};
use gantry_http::wire;

use super::texts::shape;

/// What SPDY knows: the beginnings of its frames.
pub(super) const SPDY: &[&str] = &[
    "\0\0\0\u{1}\0\0\0\u{1}a",
    "\0\0\0\u{1}\u{1}\0\0\0",
    "\0\u{1}\0\0",
    "\0\u{3}\0\0\0\0\u{8}",
    "\0\u{6}\0\0\0\0\u{4}",
    "\0\u{7}\0\0\0\0\u{8}",
    "\0\u{9}\0\0\0\0\u{8}",
];

/// Frames, which read the same when they are written and read again.
pub(super) fn spdy_frames(input: &[u8]) -> String {
    let (frames, end) = wire::spdy_frames(input);
    let kinds = frames.iter().map(|frame| shape(frame));
    let mut kinds: Vec<String> = kinds.collect();
    kinds.dedup();
    kinds.truncate(4);
    format!("{}; {}", kinds.join(", "), shape(&end))
}

/// A whole connection.
pub(super) fn spdy_session(input: &[u8]) -> String {
    shape(&wire::spdy_session(input))
}

/// A whole connection, in each of the ways to speak.
pub(super) fn websocket(input: &[u8]) -> String {
    let ends = wire::socket_sessions(input);
    ends.iter()
        .map(|end| shape(end))
        .collect::<Vec<_>>()
        .join("; ")
}

/// A query, and what is written for it; and the same bytes as an answer of another server.
pub(super) fn dns(input: &[u8]) -> String {
    let answers = dns_wire::read_answers(input);
    let answers = answers.map_or(0, |answers| answers.len().min(3));
    match dns_wire::read_query(input) {
        Ok(query) => {
            for code in [Code::NoError, Code::NxDomain] {
                let reply = dns_wire::write(&query, &Response::empty(code), Limit::Datagram);
                assert!(
                    dns_wire::read_answers(&reply).is_some(),
                    "our own answers are read"
                );
                assert_eq!(
                    reply.get(..2),
                    input.get(..2),
                    "an answer has its query's number"
                );
            }
            let asked = dns_wire::write_question(query.id, &query.name, query.kind);
            let again = dns_wire::read_query(&asked).expect("what was written is read");
            assert_eq!((again.name, again.kind), (query.name, query.kind));
            format!("a query; {answers} answers")
        }
        Err(error) => format!("{}; {answers} answers", shape(&error.to_string())),
    }
}
