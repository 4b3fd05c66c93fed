//! Answers as HTTP has them.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY, WARNING};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

use gantry_api::Rejection;
use gantry_registry::{Encoding, Pieces};

use crate::body::{self, Body};
use crate::limits::{COMPRESS_BYTES, REMARK_LETTERS, REMARKS_LETTERS};
use crate::negotiate::{Offer, Wanted};

/// The answer that the gateway gave, compressed for clients that like it when it is large.
pub(crate) async fn answer(
    mut answer: gantry_gateway::Response,
    wanted: &Wanted,
    pretty: bool,
) -> Result<Response<Body>, Rejection> {
    let mut content = std::mem::take(&mut answer.content);
    if pretty && answer.content_type == Encoding::Json.media_type() {
        content = vec![indented(content)].into();
    }
    if !wanted.gzip {
        return Ok(with_head(answer, body::pieces(content)));
    }
    let first = up_to(&mut content, COMPRESS_BYTES);
    let is_small = first.iter().map(Bytes::len).sum::<usize>() < COMPRESS_BYTES;
    let content = first.into_iter().chain(content);
    if is_small {
        return Ok(with_head(answer, body::pieces(content)));
    }
    // Megabytes take tens of milliseconds, for which other requests should not wait.
    let packed = tokio::task::spawn_blocking(move || gzip(content)).await;
    let packed = packed.map_err(|error| Rejection::internal(error.to_string()))?;
    let mut response = with_head(answer, body::full(packed));
    let headers = response.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    Ok(response)
}

/// A body with the gateway's code, type, remarks and further headers.
fn with_head(answer: gantry_gateway::Response, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(answer.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    for warning in remarks(answer.warnings) {
        if let Ok(value) = HeaderValue::try_from(warning_header(&warning)) {
            headers.append(WARNING, value);
        }
    }
    response
}

/// Each remark once; all of them cut when together they would make too long a head.
fn remarks(warnings: Vec<String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::with_capacity(warnings.len());
    for warning in warnings {
        if !once.contains(&warning) {
            once.push(warning);
        }
    }
    let letters = |remarks: &[String]| remarks.iter().map(|one| one.chars().count()).sum::<usize>();
    if letters(&once) <= REMARKS_LETTERS {
        return once;
    }
    let cut = |remark: &String| remark.chars().take(REMARK_LETTERS).collect();
    let mut short: Vec<String> = once.iter().map(cut).collect();
    while letters(&short) > REMARKS_LETTERS {
        short.pop();
    }
    short
}

/// A remark in the form that clients show: RFC 7234's code for "miscellaneous, persistent".
fn warning_header(text: &str) -> String {
    let quoted = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace(['\n', '\r'], " ");
    format!("299 - \"{quoted}\"")
}

/// A refusal with its `Status`.
pub(crate) fn rejection(rejection: &Rejection, encoding: Encoding) -> Response<Body> {
    let mut answer = gantry_gateway::Response::refusal(rejection, encoding);
    let content = std::mem::take(&mut answer.content);
    with_head(answer, body::pieces(content))
}

/// An object made for this answer, in an encoding that the client reads.
pub(crate) fn object(value: &Value, wanted: &Wanted) -> Result<Response<Body>, Rejection> {
    let (_, encoding) = wanted.form(Offer::default())?;
    let content = encoding.written(value.to_string().into())?;
    Ok(with_type(content, encoding.media_type()))
}

/// A tree as JSON.
pub(crate) fn json(value: &Value) -> Response<Body> {
    with_type(value.to_string(), "application/json")
}

/// Content of a type.
pub(crate) fn with_type(content: impl Into<Bytes>, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(body::full(content));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn indented(content: Pieces) -> Bytes {
    let joined = content.concat();
    match serde_json::from_slice::<Value>(&joined).map(|value| serde_json::to_vec_pretty(&value)) {
        Ok(Ok(pretty)) => pretty.into(),
        Ok(Err(_)) | Err(_) => joined,
    }
}

/// Pieces until they are `bytes` together, or all.
fn up_to(pieces: &mut Pieces, bytes: usize) -> Vec<Bytes> {
    let mut taken = Vec::new();
    let mut size = 0;
    while size < bytes {
        let Some(piece) = pieces.next() else { break };
        size += piece.len();
        taken.push(piece);
    }
    taken
}

fn gzip(content: impl Iterator<Item = Bytes>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for piece in content {
        encoder
            .write_all(&piece)
            .expect("writing to memory succeeds");
    }
    encoder.finish().expect("writing to memory succeeds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_made_once_and_not_without_end() {
        let short = vec!["a".to_owned(), "b".to_owned(), "a".to_owned()];
        assert_eq!(remarks(short), ["a", "b"]);
        let long = (0..100).map(|number| format!("{number}{}", "x".repeat(1000)));
        let told = remarks(long.collect());
        assert_eq!(told.len(), REMARKS_LETTERS / REMARK_LETTERS);
        assert!(told.iter().all(|one| one.len() == REMARK_LETTERS));
    }
}
