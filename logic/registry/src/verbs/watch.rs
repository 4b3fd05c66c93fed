//! Follows a collection's changes: which of them a watcher sees, and in which form.
//!
//! The plan is a value; whoever drives it feeds it committed changes and sends what it makes of
//! them. An object that begins or ceases to be selected is added or deleted, whatever really
//! happened to it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use gantry_api::watch::EventType;
use gantry_api::{Encoded, Object, ObjectKey, Rejection, Revision};
use gantry_base::Timestamp;
use gantry_kinds::Descriptor;
use gantry_store::{Change, Key, KeyRange, Snapshot, Stored, WatchError};

use crate::call::Call;
use crate::conversion::{self, Converted};
use crate::encoding::{Encoding, Events};
use crate::question::Answers;
use crate::registry::{Around, Registry};
use crate::render;
use crate::request::{Request, Resource, View};
use crate::revision;
use crate::selection::Selection;
use crate::step::Step;

/// What one watcher sees.
#[derive(Clone, Debug)]
pub struct WatchPlan {
    /// The keys to follow.
    pub range: KeyRange,
    /// After which revision.
    pub since: Revision,
    /// Whether the watch begins with all that is there at `since`.
    pub begins_with_all: bool,
    /// Whether the end of that beginning is marked.
    pub marks_beginning: bool,
    /// Whether the watcher wants bookmarks.
    pub bookmarks: bool,
    /// What the watch ends with: the definition of its kind, if a user defined it.
    pub definition: Option<Key>,
    /// After how many seconds it ends, when the client says so.
    pub seconds: Option<u64>,
    kind: Arc<Descriptor>,
    view: View,
    events: Events,
    form: Arc<Form>,
    selection: Selection,
    prefix: String,
}

/// What a watcher is told about one change.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened, as this watcher sees it.
    pub event: EventType,
    /// Where the object is stored.
    pub key: Key,
    /// The object, at the revision of the change.
    pub value: Arc<Encoded>,
    /// The revision of the change.
    pub revision: Revision,
}

/// What makes two watchers' frames the same bytes, given the same event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form {
    resource: Resource,
    view: View,
    encoding: Encoding,
}

/// Plans a watch over what the request selects.
pub(crate) fn watch(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let selection = Selection::of(call.request, call.kind)?;
    let options = &call.request.options;
    let streams_list = options.send_initial_events == Some(true);
    let asked = revision::asked(call)?;
    revision::not_older_than(call)?;
    let begins_with_all = match options.send_initial_events {
        Some(wanted) => wanted,
        None => asked.is_none(),
    };
    let since = match asked {
        Some(revision) if !begins_with_all => revision,
        _ => call.snapshot.revision(),
    };
    if since < call.snapshot.oldest() {
        return Err(revision::expired(since, call.snapshot.oldest()));
    }
    let prefix = ObjectKey::prefix(&call.kind.storage, call.request.namespace.as_deref());
    let one = selection.only_name().filter(|_| is_one_place(call));
    let range = match one {
        Some(name) => KeyRange::One(Key::from(&call.key(name))),
        None => KeyRange::prefix(prefix.as_str()),
    };
    Ok(Step::Watch(Box::new(WatchPlan {
        range,
        since,
        begins_with_all,
        marks_beginning: streams_list && options.allow_bookmarks,
        bookmarks: options.allow_bookmarks,
        definition: definition(call.kind),
        seconds: options.timeout_seconds,
        kind: Arc::clone(call.kind),
        view: call.request.view,
        events: events(call)?,
        form: Arc::new(Form {
            resource: call.request.resource.clone(),
            view: call.request.view,
            encoding: call.request.encoding,
        }),
        selection,
        prefix,
    })))
}

fn definition(kind: &Descriptor) -> Option<Key> {
    let resource = gantry_kinds::custom::definitions();
    let key = ObjectKey::new(resource, "", &kind.names.resource().to_string());
    (kind.edition != 0).then(|| Key::from(&key))
}

/// Whether a watch of a kind goes on after this change of the kind's definition: not when that is
/// gone, and not when it defines something else.
#[must_use]
pub fn survives(change: &Change) -> bool {
    let generation = |side: &Option<Stored>| {
        let stored = side.as_ref()?;
        Some(stored.value.object(stored.modified).generation())
    };
    change.new.is_some() && generation(&change.new) == generation(&change.old)
}

/// In which way the watcher's events are written.
fn events(call: &Call<'_>) -> Result<Events, Rejection> {
    let version = call.kind.names.group_version().to_string();
    let kind = match call.request.view {
        View::Object => (version.as_str(), call.kind.names.kind.as_ref()),
        View::PartialMetadata => ("meta.k8s.io/v1", "PartialObjectMetadata"),
        View::Table { .. } => ("meta.k8s.io/v1", "Table"),
    };
    Events::of(call.request.encoding, kind)
}

/// Whether a name means one key: not when all namespaces are watched.
fn is_one_place(call: &Call<'_>) -> bool {
    call.kind.scope == gantry_kinds::Scope::Cluster || call.request.namespace.is_some()
}

impl WatchPlan {
    /// Plans the watch that `request` asks for, in the world as it is now.
    pub fn of(
        registry: &Registry,
        request: &Request,
        around: Around<'_>,
    ) -> Result<Box<Self>, Rejection> {
        match registry.handle(request, around)? {
            Step::Watch(plan) => Ok(plan),
            Step::Reply(_)
            | Step::Commit { .. }
            | Step::CommitEach { .. }
            | Step::Sign(_)
            | Step::Authenticate(_)
            | Step::Ask(_) => Err(Rejection::bad_request("this request is no watch")),
        }
    }

    /// What the watch begins with, if it begins with all that is there. `newest` is a picture
    /// that was taken after planning.
    pub fn begin(&self, newest: &Snapshot) -> Result<Vec<Event>, Rejection> {
        if !self.begins_with_all {
            return Ok(Vec::new());
        }
        let then = newest
            .at(self.since)
            .map_err(|_| expired("the list it begins with is forgotten"))?;
        Ok(self.beginning(&then))
    }

    /// The events for all that is selected in `snapshot`, in order.
    fn beginning(&self, snapshot: &Snapshot) -> Vec<Event> {
        let added = |(key, stored): (&Key, &Stored)| {
            self.selects(key, stored).then(|| Event {
                event: EventType::Added,
                key: key.clone(),
                value: Arc::clone(&stored.value),
                revision: stored.modified,
            })
        };
        match &self.range {
            KeyRange::One(key) => {
                let stored = snapshot.get(key);
                stored
                    .and_then(|stored| added((key, stored)))
                    .into_iter()
                    .collect()
            }
            KeyRange::Prefix(_) => snapshot
                .range(&self.prefix, None)
                .filter_map(added)
                .collect(),
        }
    }

    /// What the watcher is told about `change`, if anything.
    #[must_use]
    pub fn event(&self, change: &Change) -> Option<Event> {
        let selected = |side: &Option<Stored>| {
            side.clone()
                .filter(|stored| self.selects(&change.key, stored))
        };
        let (event, stored) = match (selected(&change.old), selected(&change.new)) {
            (None, None) => return None,
            (None, Some(new)) => (EventType::Added, new),
            (Some(_), Some(new)) => (EventType::Modified, new),
            (Some(old), None) => (EventType::Deleted, old),
        };
        Some(Event {
            event,
            key: change.key.clone(),
            value: stored.value,
            revision: change.revision,
        })
    }

    fn selects(&self, key: &Key, stored: &Stored) -> bool {
        if self.kind.native || self.selection.is_everything() {
            return self.selection.means(key, &stored.value);
        }
        let Some(key) = key.object() else {
            return false;
        };
        let fields = render::fields(&self.kind, stored);
        self.selection.selects(&key, &stored.value, Some(&fields))
    }

    /// What makes this watcher's frames the same bytes as another's.
    #[must_use]
    pub const fn form(&self) -> &Arc<Form> {
        &self.form
    }

    /// The encoding of the frames.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.events.encoding()
    }

    /// The frame that tells of `event`. Only the first table of a watch has a head, so its frames
    /// are not shared.
    #[must_use]
    pub fn frame(&self, event: &Event, is_first: bool, now: Timestamp) -> Bytes {
        if self.view == View::Object && self.kind.shows(&event.value) {
            return self.told(event.event, &event.value.json(event.revision));
        }
        let shown = self.shown(event, is_first, now).to_string();
        self.told(event.event, shown.as_bytes())
    }

    /// Whether a webhook has to be asked before a watcher can be told of `event`.
    #[must_use]
    pub fn is_foreign(&self, event: &Event) -> bool {
        self.kind.converter.is_some() && !self.kind.shows(&event.value)
    }

    /// The objects of such events in the version that is watched, or whom to ask first.
    pub fn converted(
        &self,
        events: &[Event],
        answers: &Answers,
        snapshot: &Snapshot,
    ) -> Result<Converted, Rejection> {
        let objects = events.iter();
        let objects = objects.map(|event| event.value.object(event.revision));
        let around = conversion::Around { answers, snapshot };
        let converted = conversion::convert(&self.kind, objects.collect(), around)?;
        Ok(match converted {
            Converted::Objects(objects) => {
                let objects = objects.into_iter();
                let restored = objects.map(|own| self.kind.hooks.restore(own));
                Converted::Objects(restored.collect())
            }
            asked @ Converted::Ask(_) => asked,
        })
    }

    /// The frame that tells of `event`, whose object was converted.
    #[must_use]
    pub fn frame_of(
        &self,
        event: &Event,
        object: Object,
        (is_first, now): (bool, Timestamp),
    ) -> Bytes {
        let shown = self.view_of(event, object, (is_first, now)).to_string();
        self.told(event.event, shown.as_bytes())
    }

    /// The frame that tells of the object whose JSON this is.
    fn told(&self, event: EventType, json: &[u8]) -> Bytes {
        let frame = self.events.event(event, json);
        frame.unwrap_or_else(|rejection| Self::error(&rejection, self.encoding()))
    }

    fn shown(&self, event: &Event, is_first: bool, now: Timestamp) -> Value {
        let stored = Stored {
            value: Arc::clone(&event.value),
            created: event.revision,
            modified: event.revision,
        };
        let object = render::read(&self.kind, &stored);
        self.view_of(event, object, (is_first, now))
    }

    fn view_of(&self, event: &Event, object: Object, (is_first, now): (bool, Timestamp)) -> Value {
        match self.view {
            View::Object => object.into_value(),
            View::PartialMetadata => render::partial(&object),
            View::Table { include } => {
                let rows = vec![render::row(&self.kind, &object, include, now)];
                let metadata = json!({"resourceVersion": event.revision.to_string()});
                render::table(is_first.then_some(&self.kind), rows, metadata)
            }
        }
    }

    /// The frame that says nothing happened up to `revision`; `ends_beginning` marks the first.
    #[must_use]
    pub fn bookmark(&self, revision: Revision, ends_beginning: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if ends_beginning {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        metadata["creationTimestamp"] = Value::Null;
        let names = &self.kind.names;
        let object = match self.view {
            View::Object => json!({
                "kind": names.kind,
                "apiVersion": names.group_version().to_string(),
                "metadata": metadata,
            }),
            View::PartialMetadata => json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
            }),
            View::Table { .. } => {
                let row = json!({"cells": [], "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": metadata,
                }});
                let list = json!({"resourceVersion": revision.to_string()});
                render::table(None, vec![row], list)
            }
        };
        self.told(EventType::Bookmark, object.to_string().as_bytes())
    }

    /// The frame that ends a watch with a refusal.
    #[must_use]
    pub fn error(rejection: &Rejection, encoding: Encoding) -> Bytes {
        let status = rejection.status().to_string();
        let frame = encoding.event(EventType::Error, status.as_bytes());
        frame.expect("a Status is written in every encoding")
    }

    /// Whether all watchers of this form are sent the same bytes.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !matches!(self.view, View::Table { .. })
    }
}

/// What a watcher is told when the store ends its watch or does not begin it.
#[must_use]
pub fn refusal(error: &WatchError) -> Rejection {
    let text = error.to_string();
    match error {
        WatchError::Compacted { .. } | WatchError::Lagged { .. } => expired(&text),
        WatchError::Future { .. } => Rejection::Timeout {
            message: format!("Too large resource version: {text}"),
            causes: Vec::new(),
        },
        WatchError::TooMany { .. } => Rejection::TooManyRequests {
            message: text,
            retry_after_seconds: 1,
            causes: Vec::new(),
        },
        WatchError::Closed => Rejection::Unavailable {
            message: "the server is stopping: watch again when it is back".to_owned(),
        },
    }
}

fn expired(message: &str) -> Rejection {
    Rejection::Expired {
        message: format!("too old resource version: {message}"),
        continue_token: None,
    }
}
