//! DNS messages as bytes.
//!
//! Reads queries, and those parts of foreign answers that a resolver needs; writes answers. Whatever
//! bytes come in, nothing here panics or takes longer than the message is long: compression
//! pointers may only point backwards, and each name follows few of them.

mod read;
mod write;

#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use crate::name::Name;

pub use read::{QueryError, read_answers, read_query};
pub use write::{Limit, write, write_failure, write_question};

/// The type of a record, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Type(pub u16);

impl Type {
    /// An IPv4 address.
    pub const A: Self = Self(1);
    /// Another name for this one.
    pub const CNAME: Self = Self(5);
    /// The start of a zone.
    pub const SOA: Self = Self(6);
    /// The name that belongs to an address.
    pub const PTR: Self = Self(12);
    /// Text.
    pub const TXT: Self = Self(16);
    /// An IPv6 address.
    pub const AAAA: Self = Self(28);
    /// A host and port.
    pub const SRV: Self = Self(33);
    /// Not a record: what the sender of a message can do.
    pub const OPT: Self = Self(41);
    /// Not a record: every type there is.
    pub const ANY: Self = Self(255);
}

/// How a query ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// There is an answer, if maybe an empty one.
    NoError,
    /// The query made no sense.
    FormErr,
    /// The answer could not be had.
    ServFail,
    /// The name does not exist.
    NxDomain,
    /// This kind of query is not known here.
    NotImp,
    /// This query is not answered here.
    Refused,
}

impl Code {
    fn number(self) -> u8 {
        match self {
            Self::NoError => 0,
            Self::FormErr => 1,
            Self::ServFail => 2,
            Self::NxDomain => 3,
            Self::NotImp => 4,
            Self::Refused => 5,
        }
    }
}

/// A query for one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The number that the answer must carry.
    pub id: u16,
    /// Whether the client wants others to be asked for it.
    pub recursion: bool,
    /// The name in question.
    pub name: Name,
    /// The type in question.
    pub kind: Type,
    /// How large a datagram the client takes.
    pub datagram: u16,
    /// Whether the client speaks the extended protocol, and so must the answer.
    pub extended: bool,
    /// The question as it came: clients compare it byte by byte.
    pub question: Vec<u8>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Record {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// Another name for this one.
    Cname(Name),
    /// The name that belongs to an address.
    Ptr(Name),
    /// The start of a zone: its first server, its keeper, and its revision.
    Soa {
        /// The name of the server.
        server: Name,
        /// The mailbox of the keeper, as a name.
        keeper: Name,
        /// The revision of the zone.
        serial: u32,
    },
    /// A host and port, which weigh as much as their like.
    Srv {
        /// The port.
        port: u16,
        /// The host.
        target: Name,
    },
    /// Text.
    Txt(String),
    /// What this crate does not need to understand: its type and bytes, which contain no names.
    Other(Type, Vec<u8>),
}

impl Record {
    /// The type it has.
    #[must_use]
    pub fn kind(&self) -> Type {
        match self {
            Self::A(_) => Type::A,
            Self::Cname(_) => Type::CNAME,
            Self::Ptr(_) => Type::PTR,
            Self::Soa { .. } => Type::SOA,
            Self::Srv { .. } => Type::SRV,
            Self::Txt(_) => Type::TXT,
            Self::Other(kind, _) => *kind,
        }
    }
}

/// A record with the name it belongs to, and the seconds for which it may be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The name.
    pub name: Name,
    /// For how many seconds it holds.
    pub ttl: u32,
    /// What it says.
    pub record: Record,
}

/// What a query gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// How it ended.
    pub code: Code,
    /// Whether the answer comes from who knows best.
    pub authoritative: bool,
    /// What was asked for.
    pub answers: Vec<Owned>,
    /// Who says that there is nothing.
    pub authority: Vec<Owned>,
    /// What the client would ask for next.
    pub additional: Vec<Owned>,
}

impl Response {
    /// A response without any record.
    #[must_use]
    pub fn empty(code: Code) -> Self {
        Self {
            code,
            authoritative: false,
            answers: Vec::new(),
            authority: Vec::new(),
            additional: Vec::new(),
        }
    }
}
