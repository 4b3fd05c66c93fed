//! Carries a plan of writes out: in rounds, each of requests that may be sent side by side.
//!
//! Creations and deletions run in batches that double while all goes well, so that a bad template
//! fails once and not five hundred times. Everything else runs in order. A note is taken only when
//! the write before it went through; one that cannot be recorded is forgotten: what happened has
//! happened.

mod events;
mod lane;
mod orders;

use std::collections::VecDeque;

use bytes::Bytes;

use gantry_api::Rejection;
use gantry_base::Timestamp;
use gantry_reconcile::{EventNote, Write};
use gantry_registry::Request;

use crate::limits::WRITES_AT_ONCE;
use crate::outcome::{End, Outcome, Written};
use lane::Lane;

/// A plan being carried out.
#[derive(Debug)]
pub struct Writing {
    component: &'static str,
    waiting: VecDeque<Lane>,
    /// What runs side by side at the moment.
    batch: Vec<Lane>,
    /// How many may run side by side in the next batch.
    width: usize,
    written: Written,
    failure: Option<End<Write>>,
    unrecorded: Vec<Unrecorded>,
}

/// A note that could not be recorded.
#[derive(Debug)]
pub struct Unrecorded {
    /// What was to be told.
    pub note: EventNote,
    /// Why it is not.
    pub why: Rejection,
}

impl Writing {
    /// Begins to carry out `actions`; notes are signed by `component`.
    #[must_use]
    pub fn new(component: &'static str, actions: Vec<Write>) -> Self {
        Self {
            component,
            waiting: lane::lanes(actions),
            batch: Vec::new(),
            width: 1,
            written: Written::new(),
            failure: None,
            unrecorded: Vec::new(),
        }
    }

    /// The requests of the next round; none when it is over.
    pub fn next(&mut self, now: Timestamp) -> Vec<Request> {
        if self.batch.iter().all(Lane::is_over) {
            self.begin_batch();
        }
        let component = self.component;
        let open = self.batch.iter_mut();
        open.filter_map(|lane| lane.request(component, now))
            .collect()
    }

    /// Takes the answers to the requests of the round, in their order.
    pub fn answered(&mut self, answers: Vec<Result<Bytes, Rejection>>) {
        let open = self.batch.iter_mut().filter(|lane| !lane.is_over());
        for (lane, answer) in open.zip(answers) {
            if let Err(unrecorded) = lane.answered(answer, &mut self.written) {
                self.unrecorded.push(*unrecorded);
            }
        }
    }

    /// The notes that could not be recorded since this was asked last.
    pub fn take_unrecorded(&mut self) -> Vec<Unrecorded> {
        std::mem::take(&mut self.unrecorded)
    }

    /// What became of the plan, once there is nothing more to send.
    #[must_use]
    pub fn into_outcome(mut self) -> Outcome<Write> {
        self.close_batch();
        let end = match self.failure {
            Some(failure) => failure,
            None if self.waiting.is_empty() && self.batch.is_empty() => End::Done,
            None => End::Failed("carry out the plan: it was given up on the way".to_owned()),
        };
        Outcome {
            written: self.written,
            end,
        }
    }

    fn begin_batch(&mut self) {
        self.close_batch();
        if self.failure.is_some() {
            return;
        }
        self.batch.extend(self.waiting.pop_front());
        while self.batch.len() < self.width
            && self.batch.iter().all(Lane::is_independent)
            && let Some(next) = self.waiting.pop_front_if(|lane| lane.is_independent())
        {
            self.batch.push(next);
        }
        self.width = (self.width * 2).min(WRITES_AT_ONCE);
    }

    /// Drops what is over; the first failure is the one that counts.
    fn close_batch(&mut self) {
        let over = self.batch.extract_if(.., |lane| lane.is_over());
        let failures = over.filter_map(Lane::into_failure);
        self.failure = self.failure.take().into_iter().chain(failures).next();
    }
}

#[cfg(test)]
mod tests;
