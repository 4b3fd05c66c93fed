//! Is it their turn: a request gets its seats, waits for them, or is sent away.
//!
//! Who is before whom is decided in `gantry_access::flow`; here is only the waiting. What is exempt
//! passes without touching anything that others touch.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::oneshot;

use gantry_access::Attributes;
use gantry_access::flow::{
    Arrival, Arrived, Class, Dispatcher, Figures, Flows, Id, Refusal, Started, Ticket,
    objects_worth_counting, seats_of_list,
};
use gantry_api::Rejection;
use gantry_base::time::since;
use gantry_gateway::{Clock, Gateway};
use gantry_registry::request::Verb;

use crate::metrics::flow::{Counts, Labels};

/// The schema that a request was found to belong to, and its level.
const SCHEMA: HeaderName = HeaderName::from_static("x-kubernetes-pf-flowschema-uid");
const LEVEL: HeaderName = HeaderName::from_static("x-kubernetes-pf-prioritylevel-uid");

/// What every request asks for its turn.
pub(crate) struct Fairness {
    clock: Arc<dyn Clock>,
    /// How long a request may wait.
    patience: Duration,
    counts: Counts,
    /// Held while one request comes or goes: for a look at some dozen numbers.
    room: Mutex<Room>,
}

struct Room {
    dispatcher: Dispatcher,
    /// What the dispatcher was configured by.
    flows: Option<Arc<Flows>>,
    waiting: BTreeMap<Id, oneshot::Sender<Ticket>>,
}

impl fmt::Debug for Fairness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fairness").finish_non_exhaustive()
    }
}

/// What a request shows of where it belongs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    schema: String,
    level: String,
}

impl Marks {
    /// Adds to an answer where its request belonged.
    pub(crate) fn show(&self, headers: &mut HeaderMap) {
        for (name, uid) in [(SCHEMA, &self.schema), (LEVEL, &self.level)] {
            if let Some(value) = HeaderValue::try_from(uid).ok().filter(|_| !uid.is_empty()) {
                headers.insert(name, value);
            }
        }
    }
}

/// The turn of a request; it is over when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    seats: Option<(Arc<Fairness>, Ticket, Labels)>,
    /// Whether the request belongs to those that nothing is kept from.
    pub(crate) is_exempt: bool,
}

impl Turn {
    /// A turn that nobody has to wait for.
    pub(crate) const fn free() -> Self {
        Self {
            seats: None,
            is_exempt: true,
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some((fairness, ticket, labels)) = self.seats.take() {
            fairness.counts.ended(&labels);
            fairness.leave(ticket);
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) attributes: Attributes<'a>,
    /// The request, where it is one to objects.
    pub(crate) call: Option<&'a gantry_registry::Request>,
}

impl Asking<'_> {
    /// How many seats it takes: a list as many as it is long, anything else one.
    fn seats(&self) -> u32 {
        match self.call {
            Some(call) if matches!(call.verb, Verb::List | Verb::DeleteCollection) => {
                let most = objects_worth_counting();
                let limit = call.options.limit;
                let most = limit
                    .filter(|limit| *limit > 0)
                    .map_or(most, |limit| limit.min(most));
                seats_of_list(self.gateway.count_objects(call, most))
            }
            _ => 1,
        }
    }
}

impl Fairness {
    /// Gives out `seats` seats; a request waits for `patience` at most.
    pub(crate) fn new(seats: usize, patience: Duration, clock: Arc<dyn Clock>) -> Self {
        let seats = u32::try_from(seats).unwrap_or(u32::MAX);
        Self {
            clock,
            patience,
            counts: Counts::default(),
            room: Mutex::new(Room {
                dispatcher: Dispatcher::new(seats),
                flows: None,
                waiting: BTreeMap::new(),
            }),
        }
    }

    pub(crate) const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How each level stands.
    pub(crate) fn figures(&self) -> Vec<(String, Figures)> {
        let room = self.room();
        let all = room.dispatcher.figures();
        all.map(|(name, figures)| (name.to_owned(), figures))
            .collect()
    }

    /// Waits until it is a request's turn. What it belongs to is noted in `marks`, whatever comes
    /// of it.
    pub(crate) async fn turn(
        self: &Arc<Self>,
        asking: Asking<'_>,
        marks: &mut Marks,
    ) -> Result<Turn, Rejection> {
        let flows = asking.gateway.flows();
        let Some(class) = flows.classify(&asking.attributes) else {
            // A server that has no schemas yet has nobody but itself to serve.
            return Ok(Turn::free());
        };
        marks.schema.clone_from(&class.schema.uid);
        marks.level.clone_from(&class.level.uid);
        let labels = Labels::of(&class);
        if class.is_exempt {
            self.counts.dispatched(&labels);
            return Ok(Turn::free());
        }
        let ticket = self.ticket(&flows, &class, asking.seats(), &labels).await;
        let ticket = ticket.map_err(|refusal| {
            self.counts.refused(&labels, refusal);
            refused()
        })?;
        self.counts.dispatched(&labels);
        self.counts.began(&labels);
        Ok(Turn {
            seats: Some((Arc::clone(self), ticket, labels)),
            is_exempt: false,
        })
    }

    async fn ticket(
        self: &Arc<Self>,
        flows: &Arc<Flows>,
        class: &Class<'_>,
        seats: u32,
        labels: &Labels,
    ) -> Result<Ticket, Refusal> {
        let (begun, level) = (self.clock.now(), class.level.name.as_str());
        let arrival = Arrival {
            level,
            flow: class.flow,
            seats,
        };
        let mut waiting = {
            let mut room = self.room();
            room.follow(flows, begun);
            match room.dispatcher.arrive(&arrival, begun) {
                Arrived::Runs(ticket) => return Ok(ticket),
                Arrived::Refused(refusal) => return Err(refusal),
                Arrived::Waits(id) => {
                    let (sender, receiver) = oneshot::channel();
                    room.waiting.insert(id, sender);
                    Waiting {
                        fairness: Arc::clone(self),
                        level: level.to_owned(),
                        id,
                        receiver,
                        _queued: self.counts.queued(labels),
                    }
                }
            }
        };
        let outcome = tokio::time::timeout(self.patience, &mut waiting.receiver).await;
        let waited = since(self.clock.now(), begun);
        self.counts
            .waited(labels, waited, matches!(outcome, Ok(Ok(_))));
        match outcome {
            Ok(Ok(ticket)) => Ok(ticket),
            Ok(Err(_)) | Err(_) => Err(Refusal::TimeOut),
        }
    }

    fn leave(&self, ticket: Ticket) {
        let now = self.clock.now();
        let mut room = self.room();
        let started = room.dispatcher.leave(ticket, now);
        room.tell(started, now);
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// Takes over levels that have changed.
    fn follow(&mut self, flows: &Arc<Flows>, now: gantry_base::Timestamp) {
        let is_known = self
            .flows
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, flows));
        if is_known {
            return;
        }
        self.dispatcher.configure(flows);
        self.flows = Some(Arc::clone(flows));
        let started = self.dispatcher.start(now);
        self.tell(started, now);
    }

    /// Tells those who waited that it is their turn.
    fn tell(&mut self, mut started: Vec<Started>, now: gantry_base::Timestamp) {
        while let Some(Started { id, ticket }) = started.pop() {
            let refused = match self.waiting.remove(&id) {
                Some(sender) => sender.send(ticket).err(),
                None => Some(ticket),
            };
            // Who has gone away meanwhile gives the seats to the next.
            if let Some(ticket) = refused {
                started.extend(self.dispatcher.leave(ticket, now));
            }
        }
    }
}

/// A request that waits. Dropping it, because its client went away or it took too long, leaves the
/// queue, or gives back seats that came at the same moment.
struct Waiting {
    fairness: Arc<Fairness>,
    level: String,
    id: Id,
    receiver: oneshot::Receiver<Ticket>,
    _queued: crate::metrics::flow::Queued,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        {
            let mut room = self.fairness.room();
            let now = self.fairness.clock.now();
            if let Some(started) = room.dispatcher.give_up(&self.level, self.id, now) {
                room.waiting.remove(&self.id);
                room.tell(started, now);
            }
        }
        if let Ok(ticket) = self.receiver.try_recv() {
            self.fairness.leave(ticket);
        }
    }
}

fn refused() -> Rejection {
    Rejection::TooManyRequests {
        message: "too many requests, please try again later.".to_owned(),
        retry_after_seconds: 1,
        causes: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
