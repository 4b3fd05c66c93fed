//! A view that follows the API server: the simulated half of the driver's cache.
//!
//! The feeds and the view are the real ones; here is only what opens a watch, notices its end and
//! opens it again after a pause.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use gantry_api::{Caller, GroupResource, ObjectKey};
use gantry_reconcile::{Defined, View, Watched, defined};
use gantry_steering::limits::REWATCH;
use gantry_steering::{Change, Feed};

use crate::actor::{Desk, Input, Ticket};
use crate::fact::Fact;

/// A view and the watches that keep it fresh.
#[derive(Debug)]
pub(super) struct Following {
    caller: Caller,
    agent: String,
    view: View,
    feeds: Vec<Follow>,
    open: BTreeMap<Ticket, usize>,
    waiting: BTreeMap<Ticket, usize>,
}

#[derive(Debug)]
struct Follow {
    feed: Feed,
    failures: u32,
}

/// What one input told of one resource.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) changes: Vec<Change>,
    pub(super) resource: GroupResource,
}

impl Following {
    /// Follows nothing yet.
    pub(super) fn new(caller: Caller, agent: &str) -> Self {
        Self {
            caller,
            agent: agent.to_owned(),
            view: View::default(),
            feeds: Vec::new(),
            open: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Will follow `watched`, unless that resource is followed already.
    pub(super) fn hold(&mut self, watched: &Watched) {
        let mut feeds = self.feeds.iter_mut();
        match feeds.find(|follow| follow.feed.watched().resource == watched.resource) {
            Some(follow) => follow.feed.join(watched),
            None => self.feeds.push(Follow {
                feed: Feed::new(watched.clone()),
                failures: 0,
            }),
        }
    }

    /// Whether a resource is followed.
    pub(super) fn holds(&self, resource: &GroupResource) -> bool {
        let mut feeds = self.feeds.iter();
        feeds.any(|follow| follow.feed.watched().resource == *resource)
    }

    /// Follows the kinds that users defined as well, as soon as it sees them.
    fn hold_defined(&mut self, desk: &mut Desk<'_>) {
        let kinds: Vec<Defined> = defined(&self.view).collect();
        for kind in kinds {
            if !self.holds(&kind.resource) {
                self.hold(&Watched::outlines(kind.resource));
                self.watch(self.feeds.len() - 1, desk);
            }
        }
    }

    /// Opens all watches.
    pub(super) fn begin(&mut self, desk: &mut Desk<'_>) {
        for index in 0..self.feeds.len() {
            self.watch(index, desk);
        }
    }

    /// Whether everything that is followed has been listed once.
    pub(super) fn is_synced(&self) -> bool {
        let mut feeds = self.feeds.iter();
        feeds.all(|follow| {
            let resource = &follow.feed.watched().resource;
            self.view.revision(resource).is_some()
        })
    }

    /// The picture at this moment.
    pub(super) const fn view(&self) -> &View {
        &self.view
    }

    /// What is followed.
    pub(super) fn followed(&self) -> Vec<&Watched> {
        let feeds = self.feeds.iter();
        feeds.map(|follow| follow.feed.watched()).collect()
    }

    /// Takes an input that is for a watch; nothing when it is for somebody else.
    pub(super) fn handle(
        &mut self,
        ticket: Ticket,
        input: &Input,
        desk: &mut Desk<'_>,
    ) -> Option<News> {
        if let Some(index) = self.waiting.remove(&ticket) {
            self.watch(index, desk);
            return Some(News::default());
        }
        let index = *self.open.get(&ticket)?;
        match input {
            Input::Frames(frames) => return Some(self.apply((index, ticket), frames, desk)),
            Input::Over => {
                self.feeds[index].failures = 0;
                self.again(index, ticket, desk);
            }
            Input::Answer(_) => {
                self.feeds[index].failures += 1;
                self.again(index, ticket, desk);
            }
            Input::Wake | Input::Later => {}
        }
        Some(News::default())
    }

    fn apply(
        &mut self,
        (index, ticket): (usize, Ticket),
        frames: &[bytes::Bytes],
        desk: &mut Desk<'_>,
    ) -> News {
        let feed = &mut self.feeds[index].feed;
        let resource = feed.watched().resource.clone();
        let mut changes = Vec::new();
        let mut is_over = false;
        for frame in frames {
            match feed.apply(frame, &mut self.view) {
                Ok(more) => changes.extend(more),
                Err(_) => {
                    is_over = true;
                    break;
                }
            }
        }
        for about in changes.iter().filter_map(told_again) {
            desk.tell(Fact::ToldAgain {
                who: self.agent.clone(),
                about,
            });
        }
        if let Some(revision) = self.view.revision(&resource) {
            desk.tell(Fact::Seen {
                who: self.agent.clone(),
                resource: resource.to_string(),
                revision,
            });
        }
        if is_over {
            desk.leave(ticket);
            self.feeds[index].failures = 0;
            self.again(index, ticket, desk);
        }
        if changes.iter().any(is_definition) {
            self.hold_defined(desk);
        }
        News { changes, resource }
    }

    fn again(&mut self, index: usize, ticket: Ticket, desk: &mut Desk<'_>) {
        self.open.remove(&ticket);
        let retry = desk.later(REWATCH.delay(self.feeds[index].failures));
        self.waiting.insert(retry, index);
    }

    fn watch(&mut self, index: usize, desk: &mut Desk<'_>) {
        let feed = &mut self.feeds[index].feed;
        feed.begin();
        let ticket = desk.ask(&self.caller, &self.agent, feed.request());
        self.open.insert(ticket, index);
    }
}

fn is_definition(change: &Change) -> bool {
    let resource = GroupResource::of::<CustomResourceDefinition>();
    change
        .forms
        .iter()
        .any(|form| form.object_key().resource == resource)
}

/// The object that a change brought in the form that it had.
fn told_again(change: &Change) -> Option<ObjectKey> {
    let [old, new] = change.forms.as_slice() else {
        return None;
    };
    let is_same = old.meta().resource_version == new.meta().resource_version;
    is_same.then(|| new.object_key())
}
