//! Follows one resource for the cache.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use tracing::{debug, warn};

use gantry_api::watch::EventType;
use gantry_api::{ObjectKey, Revision};
use gantry_client::{Api, Frames, requests};
use gantry_gateway::Clock;
use gantry_reconcile::{Cached, View, Watched};
use gantry_registry::request::{Request, Verb};

use super::{Cache, Change};
use crate::limits::REWATCH;

/// The annotation on the bookmark that ends what was there when the watch began.
const INITIAL_END: &str = "k8s.io/initial-events-end";

pub(super) struct Feed {
    cache: Cache,
    api: Arc<dyn Api>,
    watched: Watched,
}

/// One event on the wire.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    event: EventType,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// The metadata that a bookmark carries.
#[derive(Deserialize)]
struct Bookmark {
    metadata: BookmarkMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BookmarkMeta {
    resource_version: String,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

impl Feed {
    pub(super) const fn new(cache: Cache, api: Arc<dyn Api>, watched: Watched) -> Self {
        Self {
            cache,
            api,
            watched,
        }
    }

    pub(super) async fn run(self, clock: &dyn Clock) {
        let mut failures = 0;
        loop {
            match self.api.watch(self.request()).await {
                Ok(frames) => {
                    failures = 0;
                    self.follow(frames).await;
                    debug!(resource = %self.watched.resource, "watch ended");
                }
                Err(rejection) => {
                    warn!(resource = %self.watched.resource, %rejection, "could not watch");
                    failures += 1;
                }
            }
            clock.sleep(REWATCH.delay(failures)).await;
        }
    }

    fn request(&self) -> Request {
        let everywhere = ObjectKey::new(self.watched.resource.clone(), "", "");
        let mut request = requests::request(Verb::Watch, &everywhere, self.watched.version);
        request
            .options
            .field_selector
            .clone_from(&self.watched.field_selector);
        request.options.send_initial_events = Some(true);
        request.options.resource_version_match = Some("NotOlderThan".to_owned());
        request.options.allow_bookmarks = true;
        request
    }

    /// Applies events until the watch ends. Before the initial end, what arrives is collected, so
    /// that what vanished unseen is removed in the same step.
    async fn follow(&self, mut frames: Box<dyn Frames>) {
        let mut initial = Some(Vec::new());
        while let Some(frame) = frames.next().await {
            if !self.apply(&frame, &mut initial) {
                return;
            }
        }
    }

    /// Applies one event; false when the watch is over.
    fn apply(&self, frame: &Bytes, initial: &mut Option<Vec<Arc<dyn Cached>>>) -> bool {
        let event: Event<'_> = match serde_json::from_slice(frame) {
            Ok(event) => event,
            Err(error) => {
                warn!(resource = %self.watched.resource, %error, "could not read a watch event");
                return false;
            }
        };
        match event.event {
            EventType::Added | EventType::Modified | EventType::Deleted => {
                let Some(object) = self.decode(event.object) else {
                    return false;
                };
                match initial {
                    Some(initial) => initial.push(object),
                    None => self.changed(event.event, object),
                }
            }
            EventType::Bookmark => self.bookmark(event.object, initial),
            EventType::Error => return false,
        }
        true
    }

    fn decode(&self, object: &RawValue) -> Option<Arc<dyn Cached>> {
        match (self.watched.decode)(object.get().as_bytes()) {
            Ok(object) => Some(object),
            Err(error) => {
                warn!(resource = %self.watched.resource, %error, "could not read a watched object");
                None
            }
        }
    }

    fn changed(&self, event: EventType, object: Arc<dyn Cached>) {
        self.cache.change(&self.watched.resource, |view| {
            let at = revision(object.as_ref());
            let old = match event {
                EventType::Deleted => view.remove(&object.object_key(), at),
                EventType::Added | EventType::Modified | EventType::Bookmark | EventType::Error => {
                    view.put(Arc::clone(&object), at)
                }
            };
            vec![old.into_iter().chain([object]).collect()]
        });
    }

    fn bookmark(&self, object: &RawValue, initial: &mut Option<Vec<Arc<dyn Cached>>>) {
        let Ok(bookmark) = serde_json::from_str::<Bookmark>(object.get()) else {
            return;
        };
        let at = Revision(bookmark.metadata.resource_version.parse().unwrap_or(0));
        let ends_initial = bookmark.metadata.annotations.contains_key(INITIAL_END);
        let resource = &self.watched.resource;
        self.cache.change(resource, |view| {
            let changes = match initial.take_if(|_| ends_initial) {
                Some(objects) => replace(view, &self.watched, objects, at),
                None => Vec::new(),
            };
            view.reached(resource, at);
            changes
        });
    }
}

/// Makes the view's part for one resource exactly `objects`.
fn replace(
    view: &mut View,
    watched: &Watched,
    objects: Vec<Arc<dyn Cached>>,
    at: Revision,
) -> Vec<Change> {
    let present: BTreeSet<ObjectKey> = objects.iter().map(|object| object.object_key()).collect();
    let known = view.everything().map(|object| object.object_key());
    let gone: Vec<ObjectKey> = known
        .filter(|key| key.resource == watched.resource && !present.contains(key))
        .collect();
    let mut changes: Vec<Change> = gone
        .iter()
        .filter_map(|key| view.remove(key, at))
        .map(|old| vec![old])
        .collect();
    for object in objects {
        let same = view
            .any(&object.object_key())
            .is_some_and(|known| known.meta().resource_version == object.meta().resource_version);
        if !same {
            let old = view.put(Arc::clone(&object), revision(object.as_ref()));
            changes.push(old.into_iter().chain([object]).collect());
        }
    }
    changes
}

fn revision(object: &dyn Cached) -> Revision {
    let text = object.meta().resource_version.as_deref().unwrap_or("");
    Revision(text.parse().unwrap_or(0))
}
