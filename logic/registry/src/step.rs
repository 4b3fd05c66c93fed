//! What a request needs next, and what it is answered.
//!
//! The registry never waits: it names the next step, and whoever drives it comes back with the
//! answer.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use gantry_api::{Caller, Encoded, Object, Rejection, Revision};
use gantry_store::Txn;

use crate::encoding::Encoding;
use crate::pieces::{Pieces, Unsent};
use crate::question::Question;
use crate::reviews::token_review::TokenCheck;
use crate::subresources::token::TokenOrder;
use crate::verbs::watch::WatchPlan;

/// What a request needs next.
#[derive(Debug)]
pub enum Step {
    /// Commit this, then answer. On a conflict, decide again on a newer snapshot: a caller who
    /// named the revision it expects is refused then.
    Commit {
        /// What to write.
        txn: Txn,
        /// The answer once it is written.
        reply: Reply,
    },
    /// Commit each of these by itself, then answer. Those in conflict are decided again.
    CommitEach {
        /// What to write.
        txns: Vec<Txn>,
        /// The answer once all is written.
        reply: Reply,
    },
    /// Nothing to write.
    Reply(Reply),
    /// Follow changes.
    Watch(Box<WatchPlan>),
    /// Sign a token, then answer with [`TokenOrder::reply`].
    Sign(Box<TokenOrder>),
    /// Find out whose token this is, then answer with [`TokenCheck::reply`].
    Authenticate(Box<TokenCheck>),
    /// Ask these, all at the same time, then decide again knowing what they said.
    Ask(Vec<Question>),
}

impl Step {
    /// The same step with another answer; steps that do not have theirs yet stay as they are.
    pub(crate) fn answered(self, change: impl FnOnce(Reply) -> Reply) -> Self {
        match self {
            Self::Commit { txn, reply } => Self::Commit {
                txn,
                reply: change(reply),
            },
            Self::CommitEach { txns, reply } => Self::CommitEach {
                txns,
                reply: change(reply),
            },
            Self::Reply(reply) => Self::Reply(change(reply)),
            Self::Watch(_) | Self::Sign(_) | Self::Authenticate(_) | Self::Ask(_) => self,
        }
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status code.
    pub code: u16,
    /// What is answered.
    pub payload: Payload,
    /// Remarks for the user, shown by clients.
    pub warnings: Vec<String>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Payload {
    /// A stored object, at the revision it was written.
    Stored(Arc<Encoded>, Revision),
    /// The object that the step writes, at the revision that the commit gives.
    Written(Arc<Encoded>),
    /// A tree made for this answer; `metadata.resourceVersion` is filled in by the commit when
    /// there is one and the tree leaves it empty.
    Made(Value),
    /// Finished bytes in the encoding of the request, in pieces: lists are joined, never decoded.
    Pieces(Vec<Bytes>),
    /// Stored objects in JSON, joined as they are sent.
    List(Box<Unsent>),
}

impl Reply {
    /// A success with `payload`.
    #[must_use]
    pub const fn ok(payload: Payload) -> Self {
        Self {
            code: 200,
            payload,
            warnings: Vec::new(),
        }
    }

    /// The answer to a successful creation.
    #[must_use]
    pub const fn created(payload: Payload) -> Self {
        Self {
            code: 201,
            payload,
            warnings: Vec::new(),
        }
    }

    /// The same answer with remarks.
    #[must_use]
    pub fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// The bytes to send in `encoding`, which is that of the request.
    pub fn into_encoded(
        self,
        committed: Option<Revision>,
        encoding: Encoding,
    ) -> Result<Pieces, Rejection> {
        let is_written = encoding == Encoding::Json || matches!(self.payload, Payload::Pieces(_));
        let pieces = self.into_pieces(committed);
        if is_written {
            return Ok(pieces);
        }
        let pieces = pieces.map(|piece| encoding.written(piece));
        Ok(pieces.collect::<Result<Vec<_>, _>>()?.into())
    }

    /// The bytes to send in JSON, given the revision of the commit, if there was one.
    #[must_use]
    pub fn into_pieces(self, committed: Option<Revision>) -> Pieces {
        self.payload.into_pieces(committed)
    }
}

impl Payload {
    /// The tree of an object made for this answer.
    #[must_use]
    pub fn object(object: Object) -> Self {
        Self::Made(object.into_value())
    }

    fn into_pieces(self, committed: Option<Revision>) -> Pieces {
        let whole = match self {
            Self::Stored(encoded, revision) => encoded.json(revision),
            Self::Written(encoded) => encoded.json(committed.unwrap_or_default()),
            Self::Made(mut value) => {
                stamp(&mut value, committed);
                let bytes = serde_json::to_vec(&value).expect("a tree of plain values encodes");
                bytes.into()
            }
            Self::Pieces(pieces) => return pieces.into(),
            Self::List(list) => return Pieces::List(list),
        };
        vec![whole].into()
    }
}

/// Fills in the revision that is known only after the commit.
fn stamp(value: &mut Value, committed: Option<Revision>) {
    let Some(committed) = committed else { return };
    for place in [
        "/metadata/resourceVersion",
        "/rows/0/object/metadata/resourceVersion",
    ] {
        if let Some(version) = value.pointer_mut(place).filter(|version| **version == "") {
            *version = Value::from(committed.to_string());
        }
    }
}

/// Who a token belongs to, as the authenticator found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// The user.
    pub caller: Caller,
    /// For whom the token is good, among those asked for.
    pub audiences: Vec<String>,
}
