//! Carries out writes to the API.
//!
//! Creations and deletions of one plan run side by side, in batches that double while all goes
//! well, so that a bad template fails once and not five hundred times. Everything else runs in
//! order. A note is taken only when the write before it went through.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use gantry_api::{GroupResource, ObjectKey, Rejection, Revision};
use gantry_client::{Api, requests};
use gantry_gateway::Clock;
use gantry_reconcile::{EventNote, Write};
use gantry_registry::request::{PatchType, Request, Verb};

use crate::drive::{End, Executor, Outcome};
use crate::events;
use crate::limits::WRITES_AT_ONCE;

/// Writes to the API in the name of one component.
#[derive(Clone, Debug)]
pub struct ApiExecutor {
    api: Arc<dyn Api>,
    component: &'static str,
    clock: Arc<dyn Clock>,
}

/// One write and what to tell people once it went through.
struct Unit {
    write: Option<Write>,
    notes: Vec<EventNote>,
}

impl Unit {
    /// Whether it may run beside others like it.
    const fn is_independent(&self) -> bool {
        matches!(
            self.write,
            Some(Write::Create { .. } | Write::Delete { .. })
        )
    }
}

impl ApiExecutor {
    /// Writes through `api` as `component`.
    #[must_use]
    pub fn new(api: Arc<dyn Api>, component: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self {
            api,
            component,
            clock,
        }
    }

    async fn unit(
        &self,
        unit: Unit,
    ) -> Result<Option<(GroupResource, Revision)>, (Option<Write>, Rejection)> {
        let mut written = None;
        if let Some(write) = unit.write {
            match self.write(&write).await {
                Ok(done) => written = done,
                Err(rejection) => return Err((Some(write), rejection)),
            }
        }
        for note in unit.notes {
            events::record(self.api.as_ref(), self.component, &note, self.clock.now()).await;
        }
        Ok(written)
    }

    async fn write(&self, write: &Write) -> Result<Option<(GroupResource, Revision)>, Rejection> {
        let (request, key) = to_request(write);
        let answer = self.api.call(request).await;
        match (write, answer) {
            (Write::Delete { .. } | Write::DeleteAll { .. }, Err(Rejection::NotFound { .. })) => {
                Ok(None)
            }
            (_, Ok(answer)) => Ok(revision(&answer).map(|revision| (key.resource, revision))),
            (_, Err(rejection)) => Err(rejection),
        }
    }
}

impl Executor<Write> for ApiExecutor {
    async fn carry_out(&self, actions: Vec<Write>) -> Outcome<Write> {
        let mut units = units(actions).into_iter().peekable();
        let mut written = BTreeMap::new();
        let mut width = 1;
        while let Some(first) = units.next() {
            let mut batch = vec![first];
            while batch.len() < width && batch.iter().all(Unit::is_independent) {
                let Some(next) = units.next_if(Unit::is_independent) else {
                    break;
                };
                batch.push(next);
            }
            width = (width * 2).min(WRITES_AT_ONCE);
            for result in join_all(batch.into_iter().map(|unit| self.unit(unit))).await {
                match result {
                    Ok(Some((resource, revision))) => {
                        let known: &mut Revision = written.entry(resource).or_default();
                        *known = revision.max(*known);
                    }
                    Ok(None) => {}
                    Err((write, rejection)) => {
                        return Outcome {
                            written,
                            end: end(write, &rejection),
                        };
                    }
                }
            }
        }
        Outcome {
            written,
            end: End::Done,
        }
    }
}

fn units(actions: Vec<Write>) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for action in actions {
        match (action, units.last_mut()) {
            (Write::Note(note), Some(unit)) => unit.notes.push(note),
            (Write::Note(note), None) => units.push(Unit {
                write: None,
                notes: vec![note],
            }),
            (write, _) => units.push(Unit {
                write: Some(write),
                notes: Vec::new(),
            }),
        }
    }
    units
}

/// What a refusal means for the plan.
fn end(write: Option<Write>, rejection: &Rejection) -> End<Write> {
    let stale = match rejection {
        Rejection::Conflict { .. }
        | Rejection::AlreadyExists { .. }
        | Rejection::NotFound { .. } => true,
        Rejection::BadRequest { .. } | Rejection::Forbidden { .. } | Rejection::Invalid { .. } => {
            false
        }
        Rejection::Unauthorized
        | Rejection::NoSuchPath
        | Rejection::MethodNotAllowed
        | Rejection::NotAcceptable { .. }
        | Rejection::ApplyConflict { .. }
        | Rejection::Expired { .. }
        | Rejection::TooLarge { .. }
        | Rejection::UnsupportedMediaType { .. }
        | Rejection::TooManyRequests { .. }
        | Rejection::Internal { .. }
        | Rejection::Unavailable { .. }
        | Rejection::Timeout { .. } => return End::Failed(rejection.to_string()),
    };
    match write {
        // A taken name is what a repeated plan meets; its owner may need to know.
        Some(write @ Write::Create { .. })
            if matches!(rejection, Rejection::AlreadyExists { .. }) =>
        {
            End::Refused(write, rejection.to_string())
        }
        _ if stale => End::Stale,
        Some(write) => End::Refused(write, rejection.to_string()),
        None => End::Failed(rejection.to_string()),
    }
}

fn to_request(write: &Write) -> (Request, ObjectKey) {
    match write {
        Write::Create { key, object } => {
            let collection = ObjectKey::new(key.resource.clone(), &key.namespace, "");
            let version = object.api_version().version;
            let mut request = requests::request(Verb::Create, &collection, &version);
            request.body = requests::body(object);
            (request, key.clone())
        }
        Write::Update {
            key,
            object,
            subresource,
        } => {
            let version = object.api_version().version;
            let mut request = requests::request(Verb::Update, key, &version);
            request.subresource = subresource.map(str::to_owned);
            request.body = requests::body(object);
            (request, key.clone())
        }
        Write::Patch {
            key,
            uid,
            patch,
            subresource,
        } => {
            let mut request = requests::request(Verb::Patch(PatchType::Merge), key, VERSION);
            request.subresource = subresource.map(str::to_owned);
            request.body = requests::body(&with_uid(patch, uid));
            (request, key.clone())
        }
        Write::Delete {
            key,
            uid,
            grace,
            propagation,
        } => {
            let mut request = requests::request(Verb::Delete, key, VERSION);
            request.options.delete.uid = Some(uid.clone()).filter(|uid| !uid.is_empty());
            request.options.delete.grace_period_seconds = grace.map(i64::from);
            request.options.delete.propagation_policy = propagation.map(str::to_owned);
            (request, key.clone())
        }
        Write::DeleteAll {
            resource,
            namespace,
        } => {
            let key = ObjectKey::new(resource.clone(), namespace, "");
            (
                requests::request(Verb::DeleteCollection, &key, VERSION),
                key,
            )
        }
        Write::Bind { key, uid, node } => (binding(key, uid, node), key.clone()),
        Write::Note(_) => unreachable!("notes are recorded, not written"),
    }
}

/// The version that all built-in kinds are written at.
const VERSION: &str = "v1";

fn with_uid(patch: &Value, uid: &str) -> Value {
    let mut patch = patch.clone();
    if !uid.is_empty() {
        patch["metadata"]["uid"] = Value::from(uid);
    }
    patch
}

fn binding(pod: &ObjectKey, uid: &str, node: &str) -> Request {
    let mut request = requests::request(Verb::Create, pod, VERSION);
    request.subresource = Some("binding".to_owned());
    request.body = requests::body(&json!({
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod.name, "namespace": pod.namespace, "uid": uid},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }));
    request
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
