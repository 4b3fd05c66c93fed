//! Records what happened for people to read. Repetitions are counted on one Event.
//!
//! An Event that cannot be recorded is logged and forgotten: what happened has happened.

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde_json::json;
use tracing::warn;

use gantry_api::Rejection;
use gantry_base::Timestamp;
use gantry_base::hash::Fnv;
use gantry_base::time::{rfc3339, whole_seconds};
use gantry_client::{Access, Api};
use gantry_reconcile::EventNote;

/// Messages longer than this are cut: it is what the API admits.
const MESSAGE_MAX: usize = 1024;

/// Records `note`, which `component` takes unless the note names another.
pub(crate) async fn record(api: &dyn Api, component: &str, note: &EventNote, now: Timestamp) {
    let component = if note.component.is_empty() {
        component
    } else {
        &note.component
    };
    if let Err(rejection) = try_record(api, component, note, now).await {
        warn!(about = %note.about, reason = note.reason, %rejection, "could not record an event");
    }
}

async fn try_record(
    api: &dyn Api,
    component: &str,
    note: &EventNote,
    now: Timestamp,
) -> Result<(), Rejection> {
    let event = event(component, note, now);
    let access = Access(api);
    match access.create(&event).await {
        Err(Rejection::AlreadyExists { .. }) => {}
        other => return other.map(drop),
    }
    let namespace = event.metadata.namespace.as_deref().unwrap_or("");
    let name = event.metadata.name.as_deref().unwrap_or("");
    // The answer to the first patch tells the count; those who record may not read.
    let seen = json!({"lastTimestamp": rfc3339(now)});
    let known: Event = access.patch((namespace, name), &seen, None).await?;
    let count = json!({"count": known.count.unwrap_or(1).saturating_add(1)});
    access
        .patch::<Event>((namespace, name), &count, None)
        .await
        .map(drop)
}

fn event(component: &str, note: &EventNote, now: Timestamp) -> Event {
    let namespace = if note.about.namespace.is_empty() {
        "default"
    } else {
        &note.about.namespace
    };
    let hash = [&note.uid, &note.reason, &note.message, &note.field_path]
        .into_iter()
        .fold(Fnv::default().with(component.as_bytes()), |hash, piece| {
            hash.with(piece.as_bytes())
        });
    let time = Time(whole_seconds(now));
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{}.{:016x}", note.about.name, hash.value())),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some(note.api_version.clone()),
            kind: Some(note.kind.clone()),
            namespace: Some(note.about.namespace.clone()).filter(|namespace| !namespace.is_empty()),
            name: Some(note.about.name.clone()),
            uid: Some(note.uid.clone()).filter(|uid| !uid.is_empty()),
            field_path: Some(note.field_path.clone()).filter(|path| !path.is_empty()),
            resource_version: None,
        },
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
