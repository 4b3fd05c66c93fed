//! Follows the objects of the kinds that users define, for as long as those are defined.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::{AbortHandle, JoinSet};

use gantry_api::GroupResource;
use gantry_client::Api;
use gantry_gateway::Clock;
use gantry_reconcile::{Cached, View, Watched, defined};
use gantry_steering::{Change, Feed};

use super::{Cache, follow};

/// Runs until it is dropped, and with it all that it began.
pub(super) async fn follow_defined(cache: Cache, api: Arc<dyn Api>, clock: Arc<dyn Clock>) {
    let mut tasks = JoinSet::new();
    let mut followed: BTreeMap<GroupResource, AbortHandle> = BTreeMap::new();
    let mut receiver = cache.changes();
    let mut seen: BTreeSet<GroupResource> = BTreeSet::new();
    let mut before = View::default();
    loop {
        let view = receiver.borrow_and_update().clone();
        if view.defines_other_than(&before) {
            let now: BTreeSet<GroupResource> = defined(&view).map(|kind| kind.resource).collect();
            for gone in seen.difference(&now) {
                if let Some(task) = followed.remove(gone) {
                    task.abort();
                }
                forget(&cache, gone);
            }
            for new in now.difference(&seen) {
                let (cache, api, clock) = (cache.clone(), Arc::clone(&api), Arc::clone(&clock));
                let feed = Feed::new(Watched::outlines(new.clone()));
                let task = async move { follow::follow(cache, api, feed, clock.as_ref()).await };
                followed.insert(new.clone(), tasks.spawn(task));
            }
            seen = now;
        }
        before = view;
        if receiver.changed().await.is_err() {
            return;
        }
    }
}

/// Takes what there was of a kind out of the view.
fn forget(cache: &Cache, resource: &GroupResource) {
    cache.change(resource, |view| {
        let gone = view.forget(resource).into_iter();
        let last = |object: Arc<dyn Cached>| Change {
            forms: vec![object],
        };
        gone.map(last).collect()
    });
}
