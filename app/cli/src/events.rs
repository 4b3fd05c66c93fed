//! Events: what happened to an object, for `describe`.

use gantry_base::Timestamp;
use gantry_base::time::{age, since};
use serde_json::Value;

use crate::fields::{number, text};
use crate::objects::{self, Found};
use crate::session::Session;
use gantry_client::paths::Query;

/// The events about one object, oldest first. A server that refuses to tell gives none.
pub(crate) async fn about(session: &Session, found: &Found) -> Vec<Value> {
    let Ok(discovery) = session.discovery().await else {
        return Vec::new();
    };
    let Some(resource) = discovery.of_kind("v1", "Event") else {
        return Vec::new();
    };
    let terms = [
        ("involvedObject.name", found.name()),
        ("involvedObject.namespace", found.namespace()),
        ("involvedObject.kind", text(&found.object, "kind")),
        ("involvedObject.uid", text(&found.object, "metadata.uid")),
    ];
    let terms = terms.iter().filter(|(_, value)| !value.is_empty());
    let terms: Vec<String> = terms
        .map(|(field, value)| format!("{field}={value}"))
        .collect();
    let query = Query::default().with("fieldSelector", &terms.join(","));
    let listed = objects::list(session, resource, found.namespace(), &query).await;
    let mut events: Vec<Value> = listed
        .unwrap_or_default()
        .into_iter()
        .map(|e| e.object)
        .collect();
    events.sort_by_key(last_seen);
    events
}

/// When an event was last seen.
pub(crate) fn last_seen(event: &Value) -> Option<Timestamp> {
    let places = [
        "series.lastObservedTime",
        "lastTimestamp",
        "eventTime",
        "metadata.creationTimestamp",
    ];
    places
        .iter()
        .find_map(|path| text(event, path).parse().ok())
}

/// When an event was first seen.
pub(crate) fn first_seen(event: &Value) -> Option<Timestamp> {
    let places = ["firstTimestamp", "eventTime", "metadata.creationTimestamp"];
    places
        .iter()
        .find_map(|path| text(event, path).parse().ok())
}

/// How often it was seen.
pub(crate) fn count(event: &Value) -> i64 {
    number(event, "series.count").max(number(event, "count"))
}

/// Since when, and how often: `2m (x3 over 5m)`.
pub(crate) fn interval(event: &Value, now: Timestamp) -> String {
    let ago = |time: Option<Timestamp>| {
        time.map_or_else(|| "<unknown>".to_owned(), |time| age(since(now, time)))
    };
    let count = count(event);
    if count > 1 {
        let (last, first) = (ago(last_seen(event)), ago(first_seen(event)));
        format!("{last} (x{count} over {first})")
    } else {
        ago(first_seen(event))
    }
}

/// Who reported it.
pub(crate) fn source(event: &Value) -> String {
    let component = text(event, "source.component");
    if component.is_empty() {
        text(event, "reportingComponent")
    } else {
        component
    }
    .to_owned()
}
