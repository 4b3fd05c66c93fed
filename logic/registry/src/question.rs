//! What somebody outside is asked before a request can be decided, such as an admission webhook.
//!
//! The registry says whom to ask and what; it never waits for the answer. A request that has to
//! ask is decided again from the beginning once the answers are there: with the same picture, the
//! same time and the same chance it comes to the same question, finds its answer, and goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use gantry_api::ObjectKey;
use gantry_base::Entropy;

/// What somebody outside is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// What its answer is filed under; the same whenever the request is decided in the same world.
    pub id: QuestionId,
    /// The object that wants it asked, if it is to hear how that goes.
    pub about: Option<ObjectKey>,
    /// Whom to ask.
    pub destination: Destination,
    /// How long to wait, in seconds.
    pub timeout_seconds: u32,
    /// What to send: JSON, by a POST.
    pub body: Bytes,
}

/// Names a question within its request.
pub type QuestionId = String;

/// Where a question goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Destination {
    /// The URL, as messages show it, without its query.
    pub url: String,
    /// The host that the URL names; the certificate must be good for it.
    pub host: String,
    /// The path and what else is sent of the URL.
    pub path: String,
    /// Where to connect to: a host or an address, and a port.
    pub connect: (String, u16),
    /// Whose certificates to trust, in PEM; those that this machine trusts when there is none.
    pub authority: Option<Arc<[u8]>>,
}

/// What somebody outside said: the body of the answer, or why there is none.
pub type Answer = Result<Bytes, String>;

/// The answers to the questions of one request.
pub type Answers = BTreeMap<QuestionId, Answer>;

/// Chance that gives the same numbers again.
pub(crate) struct Replayed<'a> {
    drawn: &'a mut Vec<u64>,
    given: usize,
    fresh: &'a mut dyn Entropy,
}

impl<'a> Replayed<'a> {
    /// First what was drawn, then what is fresh.
    pub(crate) fn new(drawn: &'a mut Vec<u64>, fresh: &'a mut dyn Entropy) -> Self {
        Self {
            drawn,
            given: 0,
            fresh,
        }
    }
}

impl Entropy for Replayed<'_> {
    fn next_u64(&mut self) -> u64 {
        if self.given == self.drawn.len() {
            self.drawn.push(self.fresh.next_u64());
        }
        let number = self.drawn[self.given];
        self.given += 1;
        number
    }
}
