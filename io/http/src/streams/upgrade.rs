//! Leaving HTTP: what the client wants to speak instead, and the handshake to it.

use futures_util::{SinkExt, StreamExt};
use gantry_api::Rejection;
use http::header::{
    CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::body::{self, Body};
use crate::limits::MESSAGE_BYTES;

/// A connection that no longer speaks HTTP.
pub(crate) type Raw = TokioIo<Upgraded>;
/// A WebSocket to a client.
pub(crate) type Socket = WebSocketStream<Raw>;

const SPDY: &str = "SPDY/3.1";
const SPDY_PROTOCOL: HeaderName = HeaderName::from_static("x-stream-protocol-version");

/// What the client wants to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Spdy,
    WebSocket,
}

/// Whether the client wants to speak anything else than HTTP.
pub(crate) fn is_asked(headers: &HeaderMap) -> bool {
    wanted(headers).is_ok()
}

/// What the client wants to speak.
pub(crate) fn wanted(headers: &HeaderMap) -> Result<Wanted, Rejection> {
    let words = |name: HeaderName| words(headers, &name);
    let leaves = words(CONNECTION)
        .iter()
        .any(|word| word.eq_ignore_ascii_case("upgrade"));
    let to = words(UPGRADE);
    if leaves && to.iter().any(|word| word.eq_ignore_ascii_case("websocket")) {
        Ok(Wanted::WebSocket)
    } else if leaves && to.iter().any(|word| word.eq_ignore_ascii_case(SPDY)) {
        Ok(Wanted::Spdy)
    } else {
        Err(Rejection::bad_request(
            "Upgrade request required: speak WebSocket or SPDY/3.1 over HTTP/1.1",
        ))
    }
}

/// The words of all headers of one name, in order.
fn words(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let texts = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let words = texts.flat_map(|text| text.split(',')).map(str::trim);
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The protocols that the client would speak over WebSocket, best first.
pub(crate) fn socket_protocols(headers: &HeaderMap) -> Vec<String> {
    words(headers, &SEC_WEBSOCKET_PROTOCOL)
}

/// The protocols that the client would speak over SPDY, best first.
pub(crate) fn spdy_protocols(headers: &HeaderMap) -> Vec<String> {
    words(headers, &SPDY_PROTOCOL)
}

/// The first of the client's protocols that we know.
pub(crate) fn choose(
    offered: &[String],
    known: &[&'static str],
) -> Result<&'static str, Rejection> {
    let found = offered
        .iter()
        .find_map(|name| known.iter().find(|known| *known == name));
    found.copied().ok_or_else(|| {
        Rejection::bad_request(format!(
            "unable to upgrade: none of the protocols {offered:?} is known; known are {known:?}"
        ))
    })
}

/// Agrees to speak WebSocket, and the socket once the client has heard so.
pub(crate) fn to_socket(
    mut request: Request<Incoming>,
    protocol: Option<&str>,
) -> Result<
    (
        Response<Body>,
        impl Future<Output = Result<Socket, hyper::Error>> + Send + use<>,
    ),
    Rejection,
> {
    let key = request.headers().get(SEC_WEBSOCKET_KEY).ok_or_else(|| {
        Rejection::bad_request("unable to upgrade: the header Sec-WebSocket-Key is missing")
    })?;
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()));
    let accept = accept.map_err(|error| Rejection::internal(error.to_string()))?;
    let mut reply = switching("websocket");
    reply.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(Ok(protocol)) = protocol.map(HeaderValue::from_str) {
        reply.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let upgraded = hyper::upgrade::on(&mut request);
    let socket = async move {
        let raw = TokioIo::new(upgraded.await?);
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES))
            .max_frame_size(Some(MESSAGE_BYTES));
        Ok(WebSocketStream::from_raw_socket(raw, Role::Server, Some(config)).await)
    };
    Ok((reply, socket))
}

/// Agrees to speak SPDY, and the raw connection once the client has heard so.
pub(crate) fn to_spdy(
    mut request: Request<Incoming>,
    protocol: &'static str,
) -> (
    Response<Body>,
    impl Future<Output = Result<Raw, hyper::Error>> + Send,
) {
    let mut reply = switching(SPDY);
    reply
        .headers_mut()
        .insert(SPDY_PROTOCOL, HeaderValue::from_static(protocol));
    let upgraded = hyper::upgrade::on(&mut request);
    (reply, async move { Ok(TokioIo::new(upgraded.await?)) })
}

fn switching(to: &'static str) -> Response<Body> {
    let mut reply = Response::new(body::full(""));
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(to));
    reply
}

/// Closes a socket in order: says so, then listens until the client agrees or `patience` ends.
pub(crate) async fn say_goodbye(socket: &mut Socket, patience: Duration) {
    if socket.send(goodbye()).await.is_err() {
        return;
    }
    let rest = async { while let Some(Ok(_)) = socket.next().await {} };
    gantry_base::ignore(
        tokio::time::timeout(patience, rest).await,
        "a client that does not agree in time is left",
    );
}

/// The message that ends a socket in order.
pub(crate) fn goodbye() -> Message {
    Message::Close(Some(CloseFrame {
        code: CloseCode::Normal,
        reason: Utf8Bytes::from_static(""),
    }))
}
