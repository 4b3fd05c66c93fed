//! Answers to bytes.
//!
//! Names are compressed against every name written before. A record that no longer fits ends the
//! message, which then says that it was cut, so that the client asks again over TCP.

use std::collections::BTreeMap;

use super::{Code, Owned, Query, Record, Response, Type};
use crate::name::Name;

const HEADER: usize = 12;
const CLASS_IN: u16 = 1;

const IS_ANSWER: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
const TRUNCATED: u16 = 0x0200;
const RECURSION_DESIRED: u16 = 0x0100;
const RECURSION_AVAILABLE: u16 = 0x0080;

/// The largest datagram sent: it passes every link without being cut to pieces.
const DATAGRAM_MAX: u16 = 1232;

/// An extended answer ends with eleven bytes that say so.
const OPTIONS_BYTES: usize = 11;

/// Times of a zone: nobody keeps a second copy of it, so they only have to be plausible.
const SOA_REFRESH: u32 = 7200;
const SOA_RETRY: u32 = 1800;
const SOA_EXPIRE: u32 = 86_400;

/// For how many seconds the absence of a name may be remembered.
const SOA_NEGATIVE: u32 = 5;

/// How long an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// What the client takes in a datagram.
    Datagram,
    /// What fits into a stream.
    Stream,
}

/// Writes what a query gets.
#[must_use]
pub fn write(query: &Query, response: &Response, limit: Limit) -> Vec<u8> {
    let limit = match limit {
        Limit::Datagram => usize::from(query.datagram.min(DATAGRAM_MAX)),
        Limit::Stream => usize::from(u16::MAX),
    };
    let reserved = if query.extended { OPTIONS_BYTES } else { 0 };
    let mut writer = Writer::new(query, limit - reserved);
    let answers = writer.section(&response.answers);
    let authority = writer.section(&response.authority);
    // What goes beyond the question may be left out without a word.
    let was_cut = writer.is_full;
    let additional = writer.section(&response.additional);
    let mut flags = IS_ANSWER | RECURSION_AVAILABLE | u16::from(response.code.number());
    flags |= if response.authoritative {
        AUTHORITATIVE
    } else {
        0
    };
    flags |= if query.recursion {
        RECURSION_DESIRED
    } else {
        0
    };
    flags |= if was_cut { TRUNCATED } else { 0 };
    let options = u16::from(query.extended);
    writer.finish(query, flags, [1, answers, authority, additional + options])
}

/// Writes a question for another server: an address, say, that an alias leads to.
#[must_use]
pub fn write_question(id: u16, name: &Name, kind: Type) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + 64);
    let header = [id, RECURSION_DESIRED, 1, 0, 0, 0];
    bytes.extend(header.into_iter().flat_map(u16::to_be_bytes));
    for label in name.labels() {
        bytes.extend(u8::try_from(label.len()));
        bytes.extend_from_slice(label);
    }
    bytes.push(0);
    bytes.extend([kind.0, CLASS_IN].into_iter().flat_map(u16::to_be_bytes));
    bytes
}

/// Writes a reply to a query that could not be read, of which only the number is known.
#[must_use]
pub fn write_failure(id: u16, code: Code) -> Vec<u8> {
    let header = [id, IS_ANSWER | u16::from(code.number()), 0, 0, 0, 0];
    header.into_iter().flat_map(u16::to_be_bytes).collect()
}

#[derive(Debug)]
struct Writer {
    bytes: Vec<u8>,
    limit: usize,
    is_full: bool,
    /// Where names and their tails stand.
    places: BTreeMap<Name, u16>,
}

impl Writer {
    fn new(query: &Query, limit: usize) -> Self {
        let mut bytes = vec![0; HEADER];
        bytes.extend_from_slice(&query.question);
        let mut writer = Self {
            bytes,
            limit,
            is_full: false,
            places: BTreeMap::new(),
        };
        writer.remember(&query.name, HEADER);
        writer
    }

    /// Writes as many records as fit, and says how many those are.
    fn section(&mut self, records: &[Owned]) -> u16 {
        let mut written = 0;
        for record in records {
            if self.is_full || !self.record(record) {
                break;
            }
            written += 1;
        }
        written
    }

    /// Writes a record, or nothing when it does not fit.
    fn record(&mut self, owned: &Owned) -> bool {
        let start = self.bytes.len();
        self.name(&owned.name);
        self.u16(owned.record.kind().0);
        self.u16(CLASS_IN);
        self.u32(owned.ttl);
        let length_at = self.bytes.len();
        self.u16(0);
        self.content(&owned.record);
        let length = u16::try_from(self.bytes.len() - length_at - 2);
        match length {
            Ok(length) if self.bytes.len() <= self.limit => {
                self.bytes[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
                true
            }
            _ => {
                self.is_full = true;
                self.bytes.truncate(start);
                false
            }
        }
    }

    fn content(&mut self, record: &Record) {
        match record {
            Record::A(address) => self.bytes.extend(address.octets()),
            Record::Cname(name) | Record::Ptr(name) => self.name(name),
            Record::Soa {
                server,
                keeper,
                serial,
            } => {
                self.name(server);
                self.name(keeper);
                for number in [*serial, SOA_REFRESH, SOA_RETRY, SOA_EXPIRE, SOA_NEGATIVE] {
                    self.u32(number);
                }
            }
            Record::Srv { port, target } => {
                self.u16(0);
                self.u16(100);
                self.u16(*port);
                // Clients of this type are not required to understand compressed names.
                self.plain_name(target);
            }
            Record::Txt(text) => {
                for part in text.as_bytes().chunks(255) {
                    self.bytes.extend(u8::try_from(part.len()));
                    self.bytes.extend_from_slice(part);
                }
            }
            Record::Other(_, bytes) => self.bytes.extend_from_slice(bytes),
        }
    }

    fn name(&mut self, name: &Name) {
        let labels: Vec<_> = name.labels().collect();
        let start = self.bytes.len();
        for (index, label) in labels.iter().enumerate() {
            let tail = Name::from_labels(labels[index..].iter().copied());
            let place = tail.and_then(|tail| self.places.get(&tail).copied());
            if let Some(place) = place {
                self.u16(0xc000 | place);
                self.remember(name, start);
                return;
            }
            self.label(label);
        }
        self.bytes.push(0);
        self.remember(name, start);
    }

    fn plain_name(&mut self, name: &Name) {
        for label in name.labels() {
            self.label(label);
        }
        self.bytes.push(0);
    }

    fn label(&mut self, label: &[u8]) {
        self.bytes.extend(u8::try_from(label.len()));
        self.bytes.extend_from_slice(label);
    }

    /// Remembers where a name and its tails stand, as far as a pointer reaches.
    fn remember(&mut self, name: &Name, start: usize) {
        let labels: Vec<_> = name.labels().collect();
        let mut at = start;
        for (index, label) in labels.iter().enumerate() {
            let tail = Name::from_labels(labels[index..].iter().copied());
            let (Some(tail), Ok(place @ ..0x4000)) = (tail, u16::try_from(at)) else {
                return;
            };
            if self.places.contains_key(&tail) {
                return;
            }
            self.places.insert(tail, place);
            at += label.len() + 1;
        }
    }

    fn u16(&mut self, number: u16) {
        self.bytes.extend(number.to_be_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.bytes.extend(number.to_be_bytes());
    }

    fn finish(mut self, query: &Query, flags: u16, counts: [u16; 4]) -> Vec<u8> {
        if query.extended {
            self.bytes.push(0);
            self.u16(Type::OPT.0);
            self.u16(DATAGRAM_MAX);
            self.u32(0);
            self.u16(0);
        }
        let header = [query.id, flags].into_iter().chain(counts);
        for (place, number) in self.bytes.chunks_exact_mut(2).zip(header) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        self.bytes
    }
}
