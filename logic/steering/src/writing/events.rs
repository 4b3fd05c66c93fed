//! Records what happened for people to read. Repetitions are counted on one Event.

use bytes::Bytes;
use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde_json::{Value, json};

use gantry_api::Rejection;
use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_base::hash::Fnv;
use gantry_base::time::{rfc3339, whole_seconds};
use gantry_reconcile::EventNote;
use gantry_registry::request::{PatchType, Request, Verb};

use super::Unrecorded;
use crate::requests;

/// Messages longer than this are cut: it is what the API admits.
const MESSAGE_MAX: usize = 1024;

/// A note on its way.
#[derive(Debug)]
pub(super) struct Recording {
    note: EventNote,
    event: Event,
    now: Timestamp,
    stage: Stage,
}

/// Which request is next.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// To make the Event.
    Create,
    /// To say that it happened again. The answer tells the count; those who record may not read.
    Repeat,
    /// To count it.
    Count(i32),
}

impl Recording {
    /// Begins to record `note`, which `component` takes unless the note names another.
    pub(super) fn new(component: &str, note: EventNote, now: Timestamp) -> Self {
        let component = if note.component.is_empty() {
            component
        } else {
            &note.component
        };
        Self {
            event: event(component, &note, now),
            note,
            now,
            stage: Stage::Create,
        }
    }

    /// What to send now.
    pub(super) fn request(&self) -> Request {
        match self.stage {
            Stage::Create => {
                let mut collection = self.event.key();
                collection.name.clear();
                let mut request = requests::request(Verb::Create, &collection, Event::VERSION);
                request.body = requests::body(&self.event);
                request
            }
            Stage::Repeat => self.patch(&json!({"lastTimestamp": rfc3339(self.now)})),
            Stage::Count(count) => self.patch(&json!({"count": count})),
        }
    }

    /// Takes the answer; nothing is left when the note is recorded.
    pub(super) fn answered(
        self,
        answer: Result<Bytes, Rejection>,
    ) -> Result<Option<Self>, Box<Unrecorded>> {
        match self.following(answer) {
            Ok(None) => Ok(None),
            Ok(Some(stage)) => Ok(Some(Self { stage, ..self })),
            Err(why) => Err(Box::new(Unrecorded {
                note: self.note,
                why,
            })),
        }
    }

    fn following(&self, answer: Result<Bytes, Rejection>) -> Result<Option<Stage>, Rejection> {
        match (self.stage, answer) {
            (Stage::Create, Err(Rejection::AlreadyExists { .. })) => Ok(Some(Stage::Repeat)),
            (Stage::Repeat, Ok(answer)) => {
                let known: Event = requests::decode(&answer)?;
                let count = known.count.unwrap_or(1).saturating_add(1);
                Ok(Some(Stage::Count(count)))
            }
            (Stage::Create | Stage::Count(_), Ok(_)) => Ok(None),
            (_, Err(rejection)) => Err(rejection),
        }
    }

    fn patch(&self, patch: &Value) -> Request {
        let verb = Verb::Patch(PatchType::Merge);
        let mut request = requests::request(verb, &self.event.key(), Event::VERSION);
        request.body = requests::body(patch);
        request
    }
}

fn event(component: &str, note: &EventNote, now: Timestamp) -> Event {
    let namespace = if note.about.namespace.is_empty() {
        "default"
    } else {
        &note.about.namespace
    };
    let time = Time(whole_seconds(now));
    Event {
        metadata: ObjectMeta {
            name: Some(name(component, note)),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        },
        involved_object: about(note),
        reason: Some(note.reason.clone()),
        message: Some(note.message.chars().take(MESSAGE_MAX).collect()),
        type_: Some(if note.warning { "Warning" } else { "Normal" }.to_owned()),
        source: Some(EventSource {
            component: Some(component.to_owned()),
            host: None,
        }),
        first_timestamp: Some(time.clone()),
        last_timestamp: Some(time),
        count: Some(1),
        reporting_component: Some(component.to_owned()),
        ..Event::default()
    }
}

/// The same for everything that counts as a repetition.
fn name(component: &str, note: &EventNote) -> String {
    let hash = [&note.uid, &note.reason, &note.message, &note.field_path]
        .into_iter()
        .fold(Fnv::default().with(component.as_bytes()), |hash, piece| {
            hash.with(piece.as_bytes())
        });
    format!("{}.{:016x}", note.about.name, hash.value())
}

fn about(note: &EventNote) -> ObjectReference {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    ObjectReference {
        api_version: Some(note.api_version.clone()),
        kind: Some(note.kind.clone()),
        namespace: some(&note.about.namespace),
        name: Some(note.about.name.clone()),
        uid: some(&note.uid),
        field_path: some(&note.field_path),
        resource_version: None,
    }
}
