//! Answers on their way out: bodies, headers, compression, refusals.

use std::convert::Infallible;
use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{Stream, StreamExt};
use gantry_api::Rejection;
use gantry_gateway as gateway;
use gantry_registry::Format;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, VARY,
};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;

use crate::limits::GZIP_FROM;

/// What ends a body early.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;
/// An answer.
pub(crate) type Reply = Response<Body>;

/// An answer of these bytes.
pub(crate) fn bytes(code: StatusCode, content_type: &'static str, content: Bytes) -> Reply {
    let body = Full::new(content).map_err(|never: Infallible| match never {});
    let mut reply = Response::new(body.boxed_unsync());
    *reply.status_mut() = code;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Answers are about this moment and for this caller.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    reply
}

/// An answer in JSON.
pub(crate) fn json(value: &serde_json::Value) -> Reply {
    bytes(StatusCode::OK, "application/json", value.to_string().into())
}

/// An answer that grows.
pub(crate) fn stream<S, E>(content_type: &'static str, content: S) -> Reply
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<BodyError>,
{
    let frames = content.map(|piece| piece.map(Frame::data).map_err(Into::into));
    let mut reply = bytes(StatusCode::OK, content_type, Bytes::new());
    *reply.body_mut() = StreamBody::new(frames).boxed_unsync();
    reply
}

/// A refusal.
pub(crate) fn rejection(rejection: &Rejection) -> Reply {
    pieces(gateway::Response::from(rejection))
}

/// An answer of the gateway, in the encoding and form that the client asked for.
pub(crate) async fn from_gateway(
    mut response: gateway::Response,
    format: Format,
    pretty: bool,
    gzip: bool,
) -> Result<Reply, Rejection> {
    let size: usize = response.content.iter().map(Bytes::len).sum();
    if pretty || format == Format::Yaml {
        reshape(&mut response, format)?;
    }
    if !gzip || size < GZIP_FROM {
        return Ok(pieces(response));
    }
    let content = std::mem::take(&mut response.content);
    // Megabytes take tens of milliseconds, for which other requests should not wait.
    let packed = tokio::task::spawn_blocking(move || compress(&content)).await;
    let packed = packed.map_err(|error| Rejection::internal(error.to_string()))?;
    response.content = vec![packed];
    let mut reply = pieces(response);
    reply.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Ok(reply)
}

/// Writes the content again, indented or as YAML.
fn reshape(response: &mut gateway::Response, format: Format) -> Result<(), Rejection> {
    let failed = |error: &dyn std::error::Error| Rejection::internal(error.to_string());
    let content: serde_json::Value =
        serde_json::from_slice(&response.content.concat()).map_err(|error| failed(&error))?;
    let text = match format {
        Format::Json => serde_json::to_string_pretty(&content).map_err(|error| failed(&error))?,
        Format::Yaml => {
            response.content_type = "application/yaml";
            serde_saphyr::to_string(&content).map_err(|error| failed(&error))?
        }
    };
    response.content = vec![text.into()];
    Ok(())
}

fn compress(content: &[Bytes]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for piece in content {
        encoder.write_all(piece).expect("writing to memory succeeds");
    }
    encoder.finish().expect("writing to memory succeeds").into()
}

fn pieces(response: gateway::Response) -> Reply {
    let code = StatusCode::from_u16(response.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let size: usize = response.content.iter().map(Bytes::len).sum();
    let mut reply = bytes(code, response.content_type, Bytes::new());
    match <[Bytes; 1]>::try_from(response.content) {
        Ok([only]) => *reply.body_mut() = full(only),
        Err(several) => {
            let frames = several.into_iter().map(|piece| Ok(Frame::data(piece)));
            *reply.body_mut() = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
            reply.headers_mut().insert(CONTENT_LENGTH, size.into());
        }
    }
    for warning in &response.warnings {
        warn(reply.headers_mut(), warning);
    }
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            reply.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    reply
}

fn full(content: Bytes) -> Body {
    Full::new(content).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// Adds a remark for the user.
fn warn(headers: &mut HeaderMap, text: &str) {
    let escaped: String = text.chars().filter(|c| !c.is_control()).collect();
    let escaped = escaped.replace('\\', "\\\\").replace('"', "\\\"");
    if let Ok(value) = HeaderValue::try_from(format!("299 - \"{escaped}\"")) {
        headers.append(http::header::WARNING, value);
    }
}

/// A published document, in the encoding that the client can read, or 304 when it has it already.
pub(crate) fn document(document: &gateway::Document, headers: &HeaderMap) -> Reply {
    let etag = format!("\"{}\"", document.etag);
    let known = headers.get_all(http::header::IF_NONE_MATCH);
    let mut known = known.into_iter().filter_map(|value| value.to_str().ok());
    let has_it = known.any(|text| text.split(',').any(|tag| tag.trim() == etag));
    let gzip = crate::negotiate::reads_gzip(headers);
    let mut reply = match (has_it, gzip) {
        (true, _) => bytes(StatusCode::NOT_MODIFIED, document.content_type, Bytes::new()),
        (false, true) => bytes(StatusCode::OK, document.content_type, document.gzip.clone()),
        (false, false) => bytes(StatusCode::OK, document.content_type, document.plain()),
    };
    let headers = reply.headers_mut();
    if gzip && !has_it {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(http::header::ETAG, etag);
    }
    headers.insert(VARY, HeaderValue::from_static("accept-encoding, accept"));
    reply
}
