//! One write, and what people are told once it went through.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::Deserialize;

use gantry_api::{Rejection, Revision};
use gantry_base::Timestamp;
use gantry_reconcile::{EventNote, Write};
use gantry_registry::Request;

use super::Unrecorded;
use super::events::Recording;
use super::orders;
use crate::outcome::{self, End, Written};

/// Runs one request at a time: the write first, then note after note.
#[derive(Debug, Default)]
pub(super) struct Lane {
    write: Option<Write>,
    notes: VecDeque<EventNote>,
    recording: Option<Recording>,
    failure: Option<End<Write>>,
    is_independent: bool,
}

/// The lanes of a plan; a note belongs to the write before it.
pub(super) fn lanes(actions: Vec<Write>) -> VecDeque<Lane> {
    let mut lanes: VecDeque<Lane> = VecDeque::new();
    for action in actions {
        match (action, lanes.back_mut()) {
            (Write::Note(note), Some(lane)) => lane.notes.push_back(note),
            (Write::Note(note), None) => lanes.push_back(Lane {
                notes: [note].into(),
                ..Lane::default()
            }),
            (write, _) => lanes.push_back(Lane {
                is_independent: matches!(write, Write::Create { .. } | Write::Delete { .. }),
                write: Some(write),
                ..Lane::default()
            }),
        }
    }
    lanes
}

impl Lane {
    /// Whether it may run beside others like it.
    pub(super) const fn is_independent(&self) -> bool {
        self.is_independent
    }

    /// Whether nothing is left to send.
    pub(super) fn is_over(&self) -> bool {
        self.write.is_none() && self.recording.is_none() && self.notes.is_empty()
    }

    /// How it failed, if it did.
    pub(super) fn into_failure(self) -> Option<End<Write>> {
        self.failure
    }

    /// What to send now.
    pub(super) fn request(&mut self, component: &str, now: Timestamp) -> Option<Request> {
        if let Some(write) = &self.write {
            return orders::request(write);
        }
        if self.recording.is_none() {
            let note = self.notes.pop_front()?;
            self.recording = Some(Recording::new(component, note, now));
        }
        self.recording.as_ref().map(Recording::request)
    }

    /// Takes the answer to what was sent last.
    pub(super) fn answered(
        &mut self,
        answer: Result<Bytes, Rejection>,
        written: &mut Written,
    ) -> Result<(), Box<Unrecorded>> {
        if let Some(write) = self.write.take() {
            self.wrote(write, answer, written);
        } else if let Some(recording) = self.recording.take() {
            self.recording = recording.answered(answer)?;
        }
        Ok(())
    }

    fn wrote(&mut self, write: Write, answer: Result<Bytes, Rejection>, written: &mut Written) {
        let deletes = matches!(write, Write::Delete { .. } | Write::DeleteAll { .. });
        match answer {
            Ok(answer) if is_sweep(&write) && holds_items(&answer) => {
                // It was written for a world in which nothing was left.
                self.notes.clear();
                self.failure = Some(End::Stale);
            }
            Ok(answer) => {
                let resource = orders::resource(&write).cloned();
                if let (Some(resource), Some(revision)) = (resource, revision(&answer)) {
                    outcome::add(written, resource, revision);
                }
            }
            Err(Rejection::NotFound { .. }) if deletes => {}
            Err(rejection) => {
                self.notes.clear();
                self.failure = Some(orders::end(write, &rejection));
            }
        }
    }
}

const fn is_sweep(write: &Write) -> bool {
    matches!(write, Write::DeleteAll { .. })
}

/// Whether an answered list has items.
fn holds_items(answer: &Bytes) -> bool {
    #[derive(Deserialize)]
    struct List {
        items: Vec<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<List>(answer).is_ok_and(|list| !list.items.is_empty())
}

/// The revision that an answered object is at; an answered Status has none.
fn revision(answer: &Bytes) -> Option<Revision> {
    #[derive(Deserialize)]
    struct Answer {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Metadata {
        resource_version: Option<String>,
    }
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    answer.metadata.resource_version?.parse().ok().map(Revision)
}
