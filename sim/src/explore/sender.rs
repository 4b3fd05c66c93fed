//! How a plan's requests reach the server, and what goes wrong on the way.

use bytes::Bytes;

use gantry_api::{Caller, ObjectKey, Rejection};
use gantry_registry::Request;
use gantry_registry::request::Verb;

use super::blow::Blow;
use super::ground::Ground;
use crate::server::lost_answer;
use crate::wording;

/// Carries the requests of one turn.
#[derive(Debug)]
pub(super) struct Sender<'a> {
    ground: &'a mut Ground,
    blow: Option<&'a Blow>,
    /// Writes so far; what is only told to people does not count.
    pub(super) sent: usize,
    /// Whether whoever sends has died.
    pub(super) is_dead: bool,
    /// What was sent and what became of it.
    pub(super) lines: Vec<String>,
}

impl<'a> Sender<'a> {
    pub(super) fn new(ground: &'a mut Ground, blow: Option<&'a Blow>) -> Self {
        Self {
            ground,
            blow,
            sent: 0,
            is_dead: false,
            lines: Vec::new(),
        }
    }

    pub(super) const fn now(&self) -> gantry_base::Timestamp {
        self.ground.now
    }

    /// Sends one request as `caller`; nothing comes back to the dead.
    pub(super) fn send(
        &mut self,
        caller: &Caller,
        mut request: Request,
    ) -> Option<Result<Bytes, Rejection>> {
        if self.is_dead {
            return None;
        }
        request.caller = caller.clone();
        if is_note(&request) {
            return Some(self.ground.ask(request));
        }
        self.sent += 1;
        let (words, answer) = (wording::request(&request), self.strike(request));
        let ended = match &answer {
            Some(Ok(_)) => "done".to_owned(),
            Some(Err(rejection)) => rejection.to_string(),
            None => "done, and then it dies".to_owned(),
        };
        self.lines.push(format!("{words}: {ended}"));
        answer
    }

    fn strike(&mut self, request: Request) -> Option<Result<Bytes, Rejection>> {
        let here = |count: &usize| *count == self.sent;
        match self.blow {
            Some(Blow::Away(count)) if here(count) => return Some(Err(lost_answer())),
            Some(Blow::Rival(count)) if here(count) => self.ground.touch(&target(&request)),
            Some(Blow::AnswerLost(count)) if here(count) => {
                return Some(self.ground.ask(request).and(Err(lost_answer())));
            }
            Some(Blow::CrashAfter(count)) if here(count) => {
                self.is_dead = true;
                // Whoever would read the answer is dead.
                gantry_base::ignore(self.ground.ask(request), "nobody hears the answer");
                return None;
            }
            Some(_) | None => {}
        }
        Some(self.ground.ask(request))
    }
}

/// Whether a request only tells people what happened.
fn is_note(request: &Request) -> bool {
    request.resource.plural == "events" && request.verb != Verb::Delete
}

fn target(request: &Request) -> ObjectKey {
    let (namespace, name) = (request.namespace.as_deref(), request.name.as_deref());
    ObjectKey::new(
        request.resource.group_resource(),
        namespace.unwrap_or(""),
        name.unwrap_or(""),
    )
}
