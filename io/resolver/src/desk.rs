//! From a message to its reply, whatever way it came.
//!
//! Decides only who answers: the zone, other servers, or both in turn when an alias leads out of the
//! cluster. What the zone says is decided in `gantry_dns`.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_dns::wire::{
    Code, Limit, Owned, Query, QueryError, Response, read_answers, read_query, write,
    write_failure, write_question,
};
use gantry_dns::{Answer, Name, Zone, answer};
use tokio::sync::{Semaphore, watch};

use crate::forward;
use crate::host::{Fresh, HostFiles};
use crate::limits::FORWARDS;

/// What all clients share.
#[derive(Debug)]
pub(crate) struct Desk {
    zone: watch::Receiver<Arc<Zone>>,
    /// The node's servers; locked only while files of a few lines are looked at.
    host: Mutex<Fresh>,
    /// Our own addresses: asking them would go in circles.
    own: Vec<IpAddr>,
    forwards: Semaphore,
}

/// What becomes of a message.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is answered, or not worth an answer.
    Now(Option<Vec<u8>>),
    /// Others must be asked.
    Later(Pending),
}

/// A query for which others must be asked.
#[derive(Debug)]
pub(crate) struct Pending {
    query: Query,
    message: Vec<u8>,
    alias: Option<(Vec<Owned>, Name)>,
}

impl Desk {
    pub(crate) fn new(
        zone: watch::Receiver<Arc<Zone>>,
        files: HostFiles,
        own: Vec<IpAddr>,
    ) -> Self {
        let host = Mutex::new(Fresh::new(files));
        Self {
            zone,
            host,
            own,
            forwards: Semaphore::new(FORWARDS),
        }
    }

    /// Answers a message from the zone, if that can be done.
    pub(crate) fn receive(&self, message: &[u8], limit: Limit) -> Outcome {
        let query = match read_query(message) {
            Ok(query) => query,
            Err(QueryError::NotAQuery) => return Outcome::Now(None),
            Err(QueryError::Bad { id, code }) => {
                return Outcome::Now(Some(write_failure(id, code)));
            }
        };
        let zone = self.zone.borrow().clone();
        let alias = match answer(&zone, &query) {
            Answer::Reply(response) => {
                return Outcome::Now(Some(write(&query, &response, limit)));
            }
            Answer::Forward => None,
            Answer::Alias { answers, target } => Some((answers, target)),
        };
        if !query.recursion {
            let refused = Response::empty(Code::Refused);
            return Outcome::Now(Some(write(&query, &refused, limit)));
        }
        Outcome::Later(Pending {
            query,
            message: message.to_vec(),
            alias,
        })
    }

    /// Asks others, unless too many queries wait for them already.
    pub(crate) async fn finish(&self, pending: Pending, limit: Limit) -> Vec<u8> {
        let Pending {
            query,
            message,
            alias,
        } = pending;
        let failed = || write(&query, &Response::empty(Code::ServFail), limit);
        let Ok(_permit) = self.forwards.try_acquire() else {
            tracing::warn!("too many queries wait for other servers");
            return failed();
        };
        let servers = self.servers();
        let reply = match alias {
            None => forward::ask(&servers, &message, limit).await,
            Some((answers, target)) => {
                let question = write_question(0, &target, query.kind);
                let found = forward::ask(&servers, &question, Limit::Stream).await;
                found.map(|found| write(&query, &aliased(answers, &found), limit))
            }
        };
        reply.unwrap_or_else(failed)
    }

    fn servers(&self) -> Vec<IpAddr> {
        let mut host = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        let servers = host.get().servers.iter();
        servers
            .filter(|server| !self.own.contains(server))
            .copied()
            .collect()
    }
}

/// The alias, followed by what another server said of its target.
fn aliased(mut answers: Vec<Owned>, found: &[u8]) -> Response {
    answers.extend(read_answers(found).unwrap_or_default());
    let code = match found.get(3).map(|flags| flags & 0x0f) {
        Some(0) => Code::NoError,
        Some(3) => Code::NxDomain,
        _ => Code::ServFail,
    };
    Response {
        answers,
        ..Response::empty(code)
    }
}
