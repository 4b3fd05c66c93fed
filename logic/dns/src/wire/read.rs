//! Bytes to queries and records.

use super::{Code, Owned, Query, Record, Type};
use crate::name::Name;

/// The class of the internet, the only one in use.
const CLASS_IN: u16 = 1;

/// The bit of a header that marks an answer.
const IS_ANSWER: u16 = 0x8000;
const OPCODE: u16 = 0x7800;
const RECURSION_DESIRED: u16 = 0x0100;

/// What every client takes, whether it says so or not.
const DATAGRAM_MIN: u16 = 512;

/// A name has at most 127 labels; what jumps more often than that goes in circles.
const JUMPS_MAX: usize = 127;

/// Records read from one foreign message; more than fit into any sensible one.
const RECORDS_MAX: u16 = 512;

/// Why a message is not a query that can be answered from its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It is too short to have a number, or is itself an answer: it deserves no reply.
    #[error("read a message that is no query")]
    NotAQuery,
    /// It deserves a reply that says what is wrong with it.
    #[error("read query {id}, which is malformed or of an unknown kind")]
    Bad {
        /// The number of the query.
        id: u16,
        /// What to reply.
        code: Code,
    },
}

/// Reads a query.
///
/// # Errors
/// When the message is none, or none that makes sense.
pub fn read_query(message: &[u8]) -> Result<Query, QueryError> {
    let mut reader = Reader { message, at: 0 };
    let header = reader.header().ok_or(QueryError::NotAQuery)?;
    if header.flags & IS_ANSWER != 0 {
        return Err(QueryError::NotAQuery);
    }
    let bad = |code| QueryError::Bad {
        id: header.id,
        code,
    };
    if header.flags & OPCODE != 0 {
        return Err(bad(Code::NotImp));
    }
    let query = (header.questions == 1)
        .then(|| reader.query(&header))
        .flatten();
    let (query, class) = query.ok_or(bad(Code::FormErr))?;
    if class != CLASS_IN {
        Err(bad(Code::Refused))
    } else {
        Ok(query)
    }
}

/// Reads the answers of a foreign message: addresses, aliases, and records without names in them.
///
/// Records that contain other names are left out. Nothing is returned for a malformed message.
#[must_use]
pub fn read_answers(message: &[u8]) -> Option<Vec<Owned>> {
    let mut reader = Reader { message, at: 0 };
    let header = reader.header()?;
    for _ in 0..header.questions.min(RECORDS_MAX) {
        reader.name()?;
        reader.take(4)?;
    }
    let mut answers = Vec::new();
    for _ in 0..header.answers.min(RECORDS_MAX) {
        answers.extend(reader.record()?.owned);
    }
    Some(answers)
}

#[derive(Debug)]
struct Header {
    id: u16,
    flags: u16,
    questions: u16,
    answers: u16,
    authority: u16,
    additional: u16,
}

/// A record as read; the owned form is missing for those that are not understood.
#[derive(Debug)]
struct RawRecord {
    kind: Type,
    class: u16,
    owned: Option<Owned>,
}

/// A position in a message.
#[derive(Clone, Copy, Debug)]
struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn header(&mut self) -> Option<Header> {
        Some(Header {
            id: self.u16()?,
            flags: self.u16()?,
            questions: self.u16()?,
            answers: self.u16()?,
            authority: self.u16()?,
            additional: self.u16()?,
        })
    }

    fn query(&mut self, header: &Header) -> Option<(Query, u16)> {
        let start = self.at;
        let name = self.name()?;
        let kind = Type(self.u16()?);
        let class = self.u16()?;
        let question = uncompressed(&self.message[start..self.at])?;
        let options = self.options(header)?;
        let query = Query {
            id: header.id,
            recursion: header.flags & RECURSION_DESIRED != 0,
            name,
            kind,
            datagram: options.unwrap_or(DATAGRAM_MIN).max(DATAGRAM_MIN),
            extended: options.is_some(),
            question,
        };
        Some((query, class))
    }

    /// How large a datagram the client takes, if it says so.
    fn options(&mut self, header: &Header) -> Option<Option<u16>> {
        let records = header.answers.checked_add(header.authority)?;
        let records = records.checked_add(header.additional)?;
        let mut size = None;
        for _ in 0..records.min(RECORDS_MAX) {
            let record = self.record()?;
            if record.kind == Type::OPT {
                size = Some(record.class);
            }
        }
        Some(size)
    }

    fn record(&mut self) -> Option<RawRecord> {
        let name = self.name()?;
        let kind = Type(self.u16()?);
        let class = self.u16()?;
        let ttl = u32::from(self.u16()?) << 16 | u32::from(self.u16()?);
        let length = usize::from(self.u16()?);
        let mut inner = *self;
        let content = self.take(length)?;
        let owned = inner
            .content(kind, content)
            .map(|record| Owned { name, ttl, record });
        Some(RawRecord { kind, class, owned })
    }

    /// Understands a record's content, at which this reader stands.
    fn content(&mut self, kind: Type, content: &[u8]) -> Option<Record> {
        match kind {
            Type::A => <[u8; 4]>::try_from(content)
                .ok()
                .map(|octets| Record::A(octets.into())),
            Type::CNAME => self.name().map(Record::Cname),
            Type::AAAA | Type::TXT => Some(Record::Other(kind, content.to_vec())),
            _ => None,
        }
    }

    fn name(&mut self) -> Option<Name> {
        let mut labels = Vec::new();
        let mut reader = *self;
        let mut end = None;
        let mut jumps = 0;
        loop {
            let length = reader.u8()?;
            match length >> 6 {
                0 if length == 0 => break,
                0 => labels.push(reader.take(usize::from(length))?),
                3 => {
                    let start = reader.at - 1;
                    let target = usize::from(length & 0x3f) << 8 | usize::from(reader.u8()?);
                    end.get_or_insert(reader.at);
                    jumps += 1;
                    if start <= target || JUMPS_MAX < jumps {
                        return None;
                    }
                    reader.at = target;
                }
                _ => return None,
            }
            if JUMPS_MAX < labels.len() {
                return None;
            }
        }
        self.at = end.unwrap_or(reader.at);
        Name::from_labels(labels)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)
            .map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let bytes = self.message.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(bytes)
    }
}

/// A question is the first thing in a message, so there is nothing it could point back to but the
/// header; one that does is refused, because it could not be repeated elsewhere.
fn uncompressed(question: &[u8]) -> Option<Vec<u8>> {
    let mut rest = question;
    while let [length, tail @ ..] = rest {
        match length {
            0 => return (tail.len() == 4).then(|| question.to_vec()),
            1..64 => rest = tail.get(usize::from(*length)..)?,
            64.. => return None,
        }
    }
    None
}
