//! Passes one request on and its answer back.

use std::error::Error;
use std::net::SocketAddr;

use futures_util::StreamExt;
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, Uri, Version};
use http_body_util::{BodyExt, BodyStream, StreamBody};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use gantry_api::Rejection;

use crate::body::{Body, BodyError};
use crate::front::Front;
use crate::limits::PROXY_CONNECT;

/// Headers that concern one connection only, and those that tell who the client is.
const KEPT_BACK: [HeaderName; 9] = [
    AUTHORIZATION,
    http::header::CONNECTION,
    http::header::PROXY_AUTHENTICATE,
    http::header::PROXY_AUTHORIZATION,
    http::header::TE,
    http::header::TRAILER,
    http::header::TRANSFER_ENCODING,
    http::header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Relays `request` to the path `rest` of `backend`.
pub(super) async fn relay(
    front: &Front,
    request: Request<Incoming>,
    rest: &str,
    backend: SocketAddr,
) -> Result<Response<Body>, Rejection> {
    let unreachable = |error: &dyn Error| Rejection::Unavailable {
        message: format!(
            "error trying to reach service: {backend}: {}",
            gantry_base::chain(error)
        ),
    };
    let request = onward(request, rest, backend)?;
    let connected = timeout(PROXY_CONNECT, TcpStream::connect(backend)).await;
    let stream = connected
        .map_err(|error| unreachable(&error))?
        .map_err(|error| unreachable(&error))?;
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|error| unreachable(&error))?;
    front.tasks.spawn(async move {
        gantry_base::ignore(connection.await, "whoever reads the answer is told");
    })?;
    let answer = sender.send_request(request).await;
    let (mut head, body) = answer.map_err(|error| unreachable(&error))?.into_parts();
    keep_back(&mut head.headers);
    head.version = Version::default();
    let frames = BodyStream::new(body).map(|frame| frame.map_err(BodyError::from));
    Ok(Response::from_parts(
        head,
        StreamBody::new(frames).boxed_unsync(),
    ))
}

/// The request as the backend is to see it.
fn onward(
    request: Request<Incoming>,
    rest: &str,
    backend: SocketAddr,
) -> Result<Request<Incoming>, Rejection> {
    let (mut head, body) = request.into_parts();
    let query = head
        .uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let place = format!("{rest}{query}").parse::<Uri>();
    head.uri = place.map_err(|error| Rejection::bad_request(error.to_string()))?;
    head.version = Version::HTTP_11;
    keep_back(&mut head.headers);
    let host = HeaderValue::try_from(backend.to_string());
    head.headers
        .insert(HOST, host.expect("an address and a port are plain text"));
    Ok(Request::from_parts(head, body))
}

fn keep_back(headers: &mut HeaderMap) {
    for name in &KEPT_BACK {
        headers.remove(name);
    }
    let names: Vec<HeaderName> = headers.keys().cloned().collect();
    let told = |name: &&HeaderName| name.as_str().starts_with("impersonate-");
    for name in names.iter().filter(told) {
        headers.remove(name);
    }
}
