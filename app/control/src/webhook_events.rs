//! Tells in events that a webhook is not asked any more, and when it is again: on the configuration
//! that it is in.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::mpsc;
use tracing::debug;

use gantry_api::{GroupResource, Object, ObjectKey, Rejection};
use gantry_base::{Timestamp, chain};
use gantry_client::{Api, requests};
use gantry_gateway::{Clock, Gateway};
use gantry_registry::request::Verb;
use gantry_webhooks::Notice;

use crate::controllers::masters;

/// News that may wait to be written.
pub(crate) const WAITING: usize = 64;
const COMPONENT: &str = "gantry-apiserver";

/// Writes an event for each of the news, until nobody can bring any more.
pub(crate) async fn write(
    gateway: Gateway,
    clock: Arc<dyn Clock>,
    mut notices: mpsc::Receiver<Notice>,
) {
    let api = masters(&gateway, COMPONENT);
    while let Some(notice) = notices.recv().await {
        if let Err(rejection) = note(&api, &notice, clock.now()).await {
            debug!(
                error = chain(&rejection),
                "an event about a webhook was not written"
            );
        }
    }
}

async fn note(api: &Arc<dyn Api>, notice: &Notice, now: Timestamp) -> Result<(), Rejection> {
    let found = api
        .call(requests::request(Verb::Get, &notice.about, "v1"))
        .await?;
    let about: Object = requests::decode(&found)?;
    let (reason, kind, message) = match &notice.why {
        Some(why) => (
            "WebhookSuspended",
            "Warning",
            format!(
                "{} keeps failing and is not asked for a while: {why}",
                notice.url
            ),
        ),
        None => (
            "WebhookResumed",
            "Normal",
            format!("{} answers again", notice.url),
        ),
    };
    let name = format!("{}.{:x}", about.name(), now.as_nanosecond());
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": name, "namespace": "default"},
        "involvedObject": {
            "apiVersion": about.0.get("apiVersion"), "kind": about.kind(),
            "name": about.name(), "uid": about.uid(),
        },
        "reason": reason, "type": kind, "message": message, "count": 1,
        "firstTimestamp": time, "lastTimestamp": time,
        "source": {"component": COMPONENT}, "reportingComponent": COMPONENT,
    });
    let events = ObjectKey::new(GroupResource::new("", "events"), "default", "");
    let mut request = requests::request(Verb::Create, &events, "v1");
    request.body = requests::body(&event);
    api.call(request).await.map(drop)
}
