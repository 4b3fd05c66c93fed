//! Follows one resource: the events of a watch become changes of a view.
//!
//! Until the bookmark that ends what was there when the watch began, what arrives is collected, so
//! that what vanished while nobody watched is removed in the same step. A feed never asks again by
//! itself: an error means that the watch is over.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use gantry_api::watch::EventType;
use gantry_api::{ObjectKey, Revision};
use gantry_reconcile::{Cached, View, Watched};
use gantry_registry::request::{Request, Verb};

use crate::requests;

/// The annotation on the bookmark that ends what was there when the watch began.
const INITIAL_END: &str = "k8s.io/initial-events-end";

/// What is known of one resource's watch.
#[derive(Clone, Debug)]
pub struct Feed {
    watched: Watched,
    /// What was there when the watch began, until all of it has arrived.
    initial: Option<Vec<Arc<dyn Cached>>>,
}

/// The forms that an object had before and after a change.
#[derive(Clone, Debug)]
pub struct Change {
    /// The old one, if the view had one, then the new or the last one.
    pub forms: Vec<Arc<dyn Cached>>,
}

/// Something that a view is to be told.
#[derive(Clone, Debug)]
pub enum News {
    /// There is this object now.
    Put(Arc<dyn Cached>),
    /// This object, in its last form, is gone.
    Gone(Arc<dyn Cached>),
    /// There are exactly these objects.
    All(Vec<Arc<dyn Cached>>, Revision),
    /// Nothing else happened until then.
    Reached(Revision),
}

/// Why a watch is over.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The server ended it.
    #[error("follow the watch: the server ended it")]
    Ended,
    /// An event has no known form.
    #[error("read a watch event")]
    Event(#[source] serde_json::Error),
    /// An object is not of its kind.
    #[error("read a watched object")]
    Object(#[source] serde_json::Error),
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
    annotations: BTreeMap<String, String>,
}

/// Where an object keeps books on who manages which field.
#[derive(Deserialize)]
struct Managed<'a> {
    #[serde(borrow)]
    metadata: Option<ManagedMeta<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManagedMeta<'a> {
    #[serde(borrow)]
    managed_fields: Option<&'a RawValue>,
}

impl Feed {
    /// A feed whose watch is to be opened.
    #[must_use]
    pub const fn new(watched: Watched) -> Self {
        Self {
            watched,
            initial: Some(Vec::new()),
        }
    }

    /// What is followed.
    #[must_use]
    pub const fn watched(&self) -> &Watched {
        &self.watched
    }

    /// Follows for somebody else, too, who wants `other` of the same resource; not once it is open.
    pub fn join(&mut self, other: &Watched) {
        self.watched.join(other);
    }

    /// The watch to open: all that is there, its end marked, and then the changes.
    #[must_use]
    pub fn request(&self) -> Request {
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

    /// A new watch was opened: what arrives is collected until all that was there has.
    pub fn begin(&mut self) {
        self.initial = Some(Vec::new());
    }

    /// Applies one frame of the watch; the changes are those that the view had not seen.
    pub fn apply(&mut self, frame: &[u8], view: &mut View) -> Result<Vec<Change>, FeedError> {
        let news = self.read(frame)?;
        Ok(news.map_or_else(Vec::new, |news| self.tell(news, view)))
    }

    /// Reads one frame of the watch; nothing while it is only collected. Together with
    /// [`tell`](Self::tell) this is [`apply`](Self::apply), for those who share their view and
    /// would not have others wait for the reading.
    pub fn read(&mut self, frame: &[u8]) -> Result<Option<News>, FeedError> {
        let event: Event<'_> = serde_json::from_slice(frame).map_err(FeedError::Event)?;
        match event.event {
            EventType::Added | EventType::Modified => {
                let object = self.decode(event.object)?;
                Ok(self.collect(object).map(News::Put))
            }
            EventType::Deleted => {
                let object = self.decode(event.object)?;
                Ok(self.collect(object).map(News::Gone))
            }
            EventType::Bookmark => Ok(self.bookmark(event.object)),
            EventType::Error => Err(FeedError::Ended),
        }
    }

    /// Changes the view as the news say.
    pub fn tell(&self, news: News, view: &mut View) -> Vec<Change> {
        match news {
            News::Put(object) => {
                let old = view.put(Arc::clone(&object), revision(object.as_ref()));
                vec![Change::of(old, object)]
            }
            News::Gone(object) => {
                let old = view.remove(&object.object_key(), revision(object.as_ref()));
                vec![Change::of(old, object)]
            }
            News::All(objects, at) => {
                let changes = self.replace(view, objects, at);
                view.reached(&self.watched.resource, at);
                changes
            }
            News::Reached(at) => {
                view.reached(&self.watched.resource, at);
                Vec::new()
            }
        }
    }

    fn decode(&self, object: &RawValue) -> Result<Arc<dyn Cached>, FeedError> {
        let json = without_managers(object.get()).map_err(FeedError::Object)?;
        self.watched
            .read(json.as_bytes())
            .map_err(FeedError::Object)
    }

    /// Keeps the object while collecting; else hands it back.
    fn collect(&mut self, object: Arc<dyn Cached>) -> Option<Arc<dyn Cached>> {
        match &mut self.initial {
            Some(initial) => {
                initial.push(object);
                None
            }
            None => Some(object),
        }
    }

    fn bookmark(&mut self, object: &RawValue) -> Option<News> {
        let bookmark: Bookmark = serde_json::from_str(object.get()).ok()?;
        let at = Revision(bookmark.metadata.resource_version.parse().unwrap_or(0));
        let ends_initial = bookmark.metadata.annotations.contains_key(INITIAL_END);
        Some(match self.initial.take_if(|_| ends_initial) {
            Some(objects) => News::All(objects, at),
            None => News::Reached(at),
        })
    }

    /// Makes the view's part for this resource exactly `objects`.
    fn replace(&self, view: &mut View, objects: Vec<Arc<dyn Cached>>, at: Revision) -> Vec<Change> {
        let mut changes = self.sweep(view, &objects, at);
        for object in objects {
            let known = view.any(&object.object_key());
            if known.is_some_and(|known| version(known.as_ref()) == version(object.as_ref())) {
                continue;
            }
            let old = view.put(Arc::clone(&object), revision(object.as_ref()));
            changes.push(Change::of(old, object));
        }
        changes
    }

    /// Removes what is not among `objects`.
    fn sweep(&self, view: &mut View, objects: &[Arc<dyn Cached>], at: Revision) -> Vec<Change> {
        let present: BTreeSet<ObjectKey> =
            objects.iter().map(|object| object.object_key()).collect();
        let known = view.of(&self.watched.resource);
        let known = known.map(|object| object.object_key());
        let gone: Vec<ObjectKey> = known.filter(|key| !present.contains(key)).collect();
        gone.iter()
            .filter_map(|key| view.remove(key, at))
            .map(|old| Change { forms: vec![old] })
            .collect()
    }
}

impl Change {
    fn of(old: Option<Arc<dyn Cached>>, new: Arc<dyn Cached>) -> Self {
        Self {
            forms: old.into_iter().chain([new]).collect(),
        }
    }
}

/// The object without the books on who manages which field: nobody decides by them, they are most of
/// many objects, and whoever writes an object without them changes nothing about them.
fn without_managers(json: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    let managed: Managed<'_> = serde_json::from_str(json)?;
    let fields = managed.metadata.and_then(|meta| meta.managed_fields);
    let Some(fields) = fields.map(RawValue::get) else {
        return Ok(json.into());
    };
    let start = fields.as_ptr().addr() - json.as_ptr().addr();
    let (before, after) = (&json[..start], &json[start + fields.len()..]);
    Ok([before, "null", after].concat().into())
}

fn version(object: &dyn Cached) -> Option<&str> {
    object.meta().resource_version.as_deref()
}

fn revision(object: &dyn Cached) -> Revision {
    Revision(version(object).unwrap_or("").parse().unwrap_or(0))
}

#[cfg(test)]
mod tests;
