//! Asks another server in this one's own name: what it serves, and what that looks like.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ETAG, IF_NONE_MATCH, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use gantry_api::caller::MASTERS;
use gantry_api::{Caller, GroupVersion};
use gantry_gateway::Document;
use gantry_registry::endpoints::Place;
use gantry_registry::extensions::{Extension, discovered};

use super::heard::{Marked, Said};
use super::{dial, identity};
use crate::front::Front;
use crate::limits::{EXTENSION_BYTES, EXTENSION_PATIENCE, EXTENSION_SCHEMA_PATIENCE};

const JSON: &str = "application/json";
/// In whose name this server asks: somebody who may read everything.
const AGGREGATOR: &str = "system:kube-aggregator";

/// Where to ask.
pub(super) type To<'a> = (&'a Extension, &'a [Place]);

/// What a server says about itself, knowing what it said before; or why it says nothing.
pub(super) async fn said(front: &Arc<Front>, to: To<'_>, before: &Said) -> Result<Said, String> {
    let version = &to.0.version;
    let path = format!("/apis/{version}");
    let url = format!("https://{}{path}", to.0.host());
    let answer = get(front, to, (&path, ""), EXTENSION_PATIENCE).await;
    let answer = answer.map_err(|why| format!("failing or missing response from {url}: {why}"))?;
    if !answer.code.is_success() {
        return Err(format!("bad status from {url}: {}", answer.code.as_u16()));
    }
    let resources = answer
        .json()
        .and_then(|list| discovered::resources(&list, version));
    let resources = resources.ok_or_else(|| {
        format!("unexpected answer from {url}: it is no list of the resources of {version}")
    })?;
    Ok(Said {
        resources,
        third: third(front, to, before).await,
        second: second(front, to, before).await,
    })
}

/// Its schema in the third version, if it publishes any. What cannot be had stays as it was.
async fn third(front: &Arc<Front>, to: To<'_>, before: &Said) -> Option<Marked<Document>> {
    let before = before.third.clone();
    let index = get(front, to, ("/openapi/v3", ""), EXTENSION_SCHEMA_PATIENCE).await;
    let Ok(index) = index else { return before };
    let place = format!("apis/{}", to.0.version);
    let index = index.json()?;
    let place = index["paths"][&place]["serverRelativeURL"].as_str()?;
    if before.as_ref().is_some_and(|(known, _)| known == place) {
        return before;
    }
    let found = get(front, to, (place, ""), EXTENSION_SCHEMA_PATIENCE).await;
    let Ok(found) = found else { return before };
    found.json()?;
    Some((place.to_owned(), Document::new(&found.body, JSON)))
}

/// What it serves of its schema in the second version, if it publishes that.
async fn second(front: &Arc<Front>, to: To<'_>, before: &Said) -> Option<Marked<Arc<Value>>> {
    let before = before.second.clone();
    let mark = before.as_ref().map_or("", |(mark, _)| mark);
    let found = get(front, to, ("/openapi/v2", mark), EXTENSION_SCHEMA_PATIENCE).await;
    let Ok(found) = found else { return before };
    if found.code == StatusCode::NOT_MODIFIED {
        return before;
    }
    let etag = found.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
    // Without a mark it is told apart by its content.
    let mark = etag.map_or_else(|| Document::new(&found.body, JSON).etag, str::to_owned);
    let document = reduced(&found.json()?, &to.0.version)?;
    Some((mark, Arc::new(document)))
}

/// What of a schema is about one version: its paths, and whatever they may be made of.
fn reduced(document: &Value, version: &GroupVersion) -> Option<Value> {
    let root = format!("/apis/{version}/");
    let paths = document["paths"].as_object()?.iter();
    let own = paths.filter(|(path, _)| path.starts_with(&root));
    let own: Map<String, Value> = own
        .map(|(path, item)| (path.clone(), item.clone()))
        .collect();
    let definitions = document["definitions"].as_object().cloned();
    Some(json!({"paths": own, "definitions": definitions.unwrap_or_default()}))
}

/// An answer.
pub(super) struct Answer {
    pub(super) code: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// What was answered, if it is a success and JSON.
    pub(super) fn json(&self) -> Option<Value> {
        let text = self.code.is_success().then_some(&self.body)?;
        serde_json::from_slice(text).ok()
    }
}

/// Reads a path, unless it is still what `mark` says.
async fn get(
    front: &Arc<Front>,
    to: To<'_>,
    (path, mark): (&str, &str),
    patience: Duration,
) -> Result<Answer, String> {
    let mut request = Request::get(path).header(ACCEPT, JSON);
    if !mark.is_empty() {
        request = request.header(IF_NONE_MATCH, mark);
    }
    let request = request.body(Empty::new());
    let request = request.map_err(|error| error.to_string())?;
    let caller = Caller::authenticated(AGGREGATOR, &[MASTERS]);
    ask(front, to, (&caller, request), patience).await
}

/// Sends a request in the name of one of this server's own.
pub(super) async fn ask(
    front: &Arc<Front>,
    to: To<'_>,
    (caller, mut request): (&Caller, Request<Empty<Bytes>>),
    patience: Duration,
) -> Result<Answer, String> {
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static("gantry"));
    let named = identity::speak_for(caller, &to.0.host(), headers);
    named.map_err(|refusal| refusal.to_string())?;
    let asked = async {
        let mut sender = dial::connect(front, to).await?;
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| gantry_base::chain(&error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, EXTENSION_BYTES).collect().await;
        Ok(Answer {
            code: head.status,
            headers: head.headers,
            body: body.map_err(|error| error.to_string())?.to_bytes(),
        })
    };
    let late = |_| format!("no answer within {}s", patience.as_secs());
    timeout(patience, asked).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_server_serves_for_us_is_taken_of_its_schema() {
        let document = json!({
            "paths": {"/apis/a/v1/": 1, "/apis/a/v1/b": 2, "/apis/a/v11/b": 3, "/healthz": 4},
            "definitions": {"d": 5}, "info": {},
        });
        let reduced = reduced(&document, &GroupVersion::new("a", "v1")).unwrap();
        let expected = json!({
            "paths": {"/apis/a/v1/": 1, "/apis/a/v1/b": 2}, "definitions": {"d": 5},
        });
        assert_eq!(reduced, expected);
        assert_eq!(
            super::reduced(&json!([]), &GroupVersion::new("a", "v1")),
            None
        );
    }
}
