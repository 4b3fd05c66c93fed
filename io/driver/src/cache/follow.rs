//! Follows one resource for the cache: opens its watch, and opens it again when it is over.

use std::sync::Arc;

use bytes::Bytes;
use tracing::{debug, warn};

use gantry_base::chain;
use gantry_client::{Api, Frames};
use gantry_gateway::Clock;
use gantry_steering::limits::REWATCH;
use gantry_steering::{Feed, FeedError};

use super::Cache;

/// Runs until it is dropped.
pub(super) async fn follow(cache: Cache, api: Arc<dyn Api>, mut feed: Feed, clock: &dyn Clock) {
    let mut failures = 0;
    loop {
        match api.watch(feed.request()).await {
            Ok(frames) => {
                failures = 0;
                let end = pass_on(&cache, &mut feed, frames).await;
                tell(&feed, end.as_ref());
            }
            Err(rejection) => {
                warn!(resource = %feed.watched().resource, %rejection, "could not watch");
                failures += 1;
            }
        }
        clock.sleep(REWATCH.delay(failures)).await;
    }
}

/// Applies events until the watch ends, and says why if the events do.
async fn pass_on(cache: &Cache, feed: &mut Feed, mut frames: Box<dyn Frames>) -> Option<FeedError> {
    feed.begin();
    while let Some(frame) = frames.next().await {
        if let Err(error) = apply(cache, feed, &frame) {
            return Some(error);
        }
    }
    None
}

/// Applies one event. It is read before the view is touched: readers do not wait for that.
fn apply(cache: &Cache, feed: &mut Feed, frame: &Bytes) -> Result<(), FeedError> {
    if let Some(news) = feed.read(frame)? {
        cache.change(&feed.watched().resource, |view| feed.tell(news, view));
    }
    Ok(())
}

fn tell(feed: &Feed, end: Option<&FeedError>) {
    let resource = &feed.watched().resource;
    match end {
        Some(error @ (FeedError::Event(_) | FeedError::Object(_))) => {
            warn!(%resource, error = %chain(error), "could not follow a watch");
        }
        Some(FeedError::Ended) | None => debug!(%resource, "watch ended"),
    }
}
