//! A view that follows the API server: one watch per resource, restarted when it breaks.
//!
//! Whoever registered an inbox for a resource learns which keys a change makes due, computed from
//! the object's old and new form. A restart compares what is there with what was known, so a change
//! that happened while nobody watched is noticed too.

mod defined;
mod follow;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use gantry_api::GroupResource;
use gantry_client::Api;
use gantry_gateway::Clock;
use gantry_reconcile::{Cached, View, Watched};
use gantry_steering::turns::shows;
use gantry_steering::{Change, Feed, Written};

/// Told of every change to one resource: its old and its new form, and the view that has it.
pub type Listener = Arc<dyn Fn(&[&dyn Cached], &View) + Send + Sync>;

/// A view and those who listen to its changes. Clones are the same cache.
#[derive(Clone)]
pub struct Cache {
    shared: Arc<Shared>,
}

struct Shared {
    view: watch::Sender<View>,
    /// Who listens to what; changed only while parts are being wired together.
    listeners: Mutex<BTreeMap<GroupResource, Vec<Listener>>>,
    /// Who listens to the kinds that users define; changed at the same time.
    of_defined: Mutex<Vec<Listener>>,
    /// What is to be watched; started once by [`Cache::start`].
    watched: Mutex<BTreeMap<GroupResource, Watched>>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl Default for Cache {
    fn default() -> Self {
        let shared = Shared {
            view: watch::Sender::new(View::default()),
            listeners: Mutex::new(BTreeMap::new()),
            of_defined: Mutex::new(Vec::new()),
            watched: Mutex::new(BTreeMap::new()),
        };
        Self {
            shared: Arc::new(shared),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cache {
    /// Keeps `watched` in the view from the start on, and tells `listener` of its changes.
    pub fn listen(&self, watched: &Watched, listener: Listener) {
        lock(&self.shared.listeners)
            .entry(watched.resource.clone())
            .or_default()
            .push(listener);
        self.hold(watched);
    }

    /// Keeps all kinds that users define in the view, and tells `listener` of their changes. Their
    /// definitions have to be held, too.
    pub fn listen_to_defined(&self, listener: Listener) {
        lock(&self.shared.of_defined).push(listener);
    }

    /// Keeps `watched` in the view from the start on.
    pub fn hold(&self, watched: &Watched) {
        let mut all = lock(&self.shared.watched);
        all.entry(watched.resource.clone())
            .and_modify(|known| known.join(watched))
            .or_insert_with(|| watched.clone());
    }

    /// Begins to follow everything that is held. The tasks end when `tasks` is dropped.
    pub fn start(&self, api: &Arc<dyn Api>, clock: &Arc<dyn Clock>, tasks: &mut JoinSet<()>) {
        let watched: Vec<Watched> = lock(&self.shared.watched).values().cloned().collect();
        for watched in watched {
            let (cache, api, clock) = (self.clone(), Arc::clone(api), Arc::clone(clock));
            let feed = Feed::new(watched);
            tasks.spawn(async move { follow::follow(cache, api, feed, clock.as_ref()).await });
        }
        if !lock(&self.shared.of_defined).is_empty() {
            let (api, clock) = (Arc::clone(api), Arc::clone(clock));
            tasks.spawn(defined::follow_defined(self.clone(), api, clock));
        }
    }

    /// Resolves when everything held has been listed once.
    pub async fn synced(&self) {
        let wanted: Vec<GroupResource> = lock(&self.shared.watched).keys().cloned().collect();
        let mut receiver = self.shared.view.subscribe();
        let all = |view: &View| {
            wanted
                .iter()
                .all(|resource| view.revision(resource).is_some())
        };
        receiver
            .wait_for(all)
            .await
            .expect("the cache itself keeps the sender");
    }

    /// The picture at this moment.
    #[must_use]
    pub fn view(&self) -> View {
        self.shared.view.borrow().clone()
    }

    /// A receiver that is woken at every change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<View> {
        self.shared.view.subscribe()
    }

    /// Waits until the view is at least as new as `writes`; false when that takes too long.
    /// Resources that are not held are not waited for.
    pub async fn reaches(&self, writes: &Written, patience: Duration) -> bool {
        let held: BTreeSet<GroupResource> = lock(&self.shared.watched).keys().cloned().collect();
        let mut receiver = self.shared.view.subscribe();
        let seen = |view: &View| shows(view, |resource| held.contains(resource), writes);
        tokio::time::timeout(patience, receiver.wait_for(seen))
            .await
            .is_ok()
    }

    /// Changes the view and tells those who listen.
    fn change(&self, resource: &GroupResource, change: impl FnOnce(&mut View) -> Vec<Change>) {
        let mut changes = Vec::new();
        self.shared.view.send_modify(|view| changes = change(view));
        if changes.is_empty() {
            return;
        }
        let known = lock(&self.shared.listeners).get(resource).cloned();
        // What nobody named is followed because a user defined it.
        let listeners = known.unwrap_or_else(|| lock(&self.shared.of_defined).clone());
        let view = self.view();
        for change in &changes {
            let forms: Vec<&dyn Cached> = change.forms.iter().map(AsRef::as_ref).collect();
            for listener in &listeners {
                listener(&forms, &view);
            }
        }
    }
}
