//! Everything that is no object: discovery, schemas, health, version, metrics, token keys.

mod discovery;
mod health;
mod plans;

use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, ETAG, IF_NONE_MATCH, LOCATION, VARY};
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::{Value, json};

use gantry_api::Rejection;
use gantry_gateway::Document;

use crate::body::{self, Body};
use crate::front::Front;
use crate::negotiate::Wanted;
use crate::query::Query;
use crate::respond;

/// What is called by its hash never changes; a year is as long as caches are told to keep anything.
const FOR_EVER: &str = "public, immutable, max-age=31536000";

/// Answers a path that is no resource.
pub(crate) fn answer<B>(
    front: &Front,
    request: &Request<B>,
    wanted: &Wanted,
) -> Result<Response<Body>, Rejection> {
    let path = request.uri().path();
    let trimmed = if path.len() > 1 {
        path.trim_end_matches('/')
    } else {
        path
    };
    match trimmed {
        "/" => Ok(respond::json(&json!({"paths": paths(front)}))),
        "/version" => Ok(respond::json(&version(&front.version))),
        "/metrics" => Ok(respond::with_type(
            front.metrics.text(),
            "text/plain; version=0.0.4; charset=utf-8",
        )),
        "/openid/v1/jwks" => Ok(respond::with_type(
            front.tokens.jwks().to_string(),
            "application/jwk-set+json",
        )),
        "/.well-known/openid-configuration" => {
            let server = format!("https://{}", front.address);
            Ok(respond::json(&front.tokens.openid_configuration(&server)))
        }
        "/openapi/v2" if asks_for_proto(request) => {
            let others = front.aggregate.published();
            let proto = front.gateway.openapi_v2_proto(&others);
            Ok(published(proto, request, wanted))
        }
        "/openapi/v2" => {
            let others = front.aggregate.published();
            document(front.gateway.openapi_v2(&others), request, wanted)
        }
        "/openapi/v3" => {
            let others = front.aggregate.published();
            document(front.gateway.openapi_v3_index(&others), request, wanted)
        }
        _ => rest(front, trimmed, request, wanted),
    }
}

fn rest<B>(
    front: &Front,
    path: &str,
    request: &Request<B>,
    wanted: &Wanted,
) -> Result<Response<Body>, Rejection> {
    if let Some(inner) = path.strip_prefix("/openapi/v3/") {
        let theirs = front.aggregate.document(inner);
        let found = theirs.or_else(|| front.gateway.openapi_v3(inner));
        let found = found.ok_or(Rejection::NoSuchPath)?;
        return by_hash(found, request, wanted);
    }
    if let Some(answer) = health::answer(front, path, request.uri().query()) {
        return Ok(answer);
    }
    if let Some(plans) = plans::answer(front, path) {
        return Ok(respond::json(&plans));
    }
    let answer = discovery::answer(front, path, request, wanted);
    answer.ok_or(Rejection::NoSuchPath)?
}

/// Whether the second version of the schemas is wanted in protobuf. Clients name its type with
/// either sign between the words, before anything else that they read.
fn asks_for_proto<B>(request: &Request<B>) -> bool {
    let accept = request.headers().get(ACCEPT);
    let first = accept.and_then(|value| value.to_str().ok()?.split(',').next());
    first.is_some_and(|first| first.contains("proto-openapi.spec.v2"))
}

/// A published schema that may be asked for by its hash: then it can be kept for ever, and whoever
/// asks for an old one is shown where the new one is.
fn by_hash<B>(
    found: Document,
    request: &Request<B>,
    wanted: &Wanted,
) -> Result<Response<Body>, Rejection> {
    let query = Query::parse(request.uri().query());
    let Some(hash) = query.get("hash") else {
        return document(found, request, wanted);
    };
    if hash != found.etag {
        let place = format!("{}?hash={}", request.uri().path(), found.etag);
        let mut response = Response::new(body::full(""));
        *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
        if let Ok(place) = HeaderValue::try_from(place) {
            response.headers_mut().insert(LOCATION, place);
        }
        return Ok(response);
    }
    let mut response = document(found, request, wanted)?;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(FOR_EVER));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

/// A published schema in JSON.
fn document<B>(
    document: Document,
    request: &Request<B>,
    wanted: &Wanted,
) -> Result<Response<Body>, Rejection> {
    wanted.require_json()?;
    Ok(published(document, request, wanted))
}

/// A published schema: unchanged for those who have it, compressed for those who can read that.
fn published<B>(document: Document, request: &Request<B>, wanted: &Wanted) -> Response<Body> {
    let etag = format!("\"{}\"", document.etag);
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let mut response = if known {
        let mut response = Response::new(body::full(""));
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else if wanted.gzip {
        let mut response = respond::with_type(document.gzip, document.content_type);
        response
            .headers_mut()
            .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        respond::with_type(document.plain(), document.content_type)
    };
    if let Ok(etag) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

fn version(announced: &str) -> Value {
    let mut numbers = announced.trim_start_matches('v').split('.');
    json!({
        "major": numbers.next().unwrap_or(""),
        "minor": numbers.next().unwrap_or(""),
        "gitVersion": format!("{announced}+gantry{}", env!("CARGO_PKG_VERSION")),
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "",
        "goVersion": "none (rust)",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, architecture()),
    })
}

/// The architecture under the name that Kubernetes knows.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn paths(front: &Front) -> Vec<String> {
    let mut paths: Vec<String> = [
        "/.well-known/openid-configuration",
        "/api",
        "/apis",
        "/healthz",
        "/livez",
        "/metrics",
        "/openapi/v2",
        "/openapi/v3",
        "/openid/v1/jwks",
        "/readyz",
        "/version",
    ]
    .map(str::to_owned)
    .to_vec();
    for other in front.aggregate.discovered().iter() {
        paths.push(format!("/apis/{}", other.version.group));
        paths.push(format!("/apis/{}", other.version));
    }
    for kind in front.gateway.registry().kinds() {
        let (group, version) = (&kind.names.group, &kind.names.version);
        if group.is_empty() {
            paths.push(format!("/api/{version}"));
        } else {
            paths.push(format!("/apis/{group}"));
            paths.push(format!("/apis/{group}/{version}"));
        }
    }
    paths.sort();
    paths.dedup();
    paths
}
