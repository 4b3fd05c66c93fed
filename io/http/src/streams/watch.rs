//! A watch over WebSocket: each event is a message of its own, text where its encoding is.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use gantry_api::Rejection;
use gantry_gateway::WatchStream;
use gantry_registry::Encoding;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::body::Body;
use crate::filters::authenticate;
use crate::front::Front;
use crate::limits::LINGER;
use crate::streams::upgrade::{self, Socket};

/// The bytes before an event in protobuf that say how long it is; messages know their own length.
const LENGTH_BYTES: usize = 4;

/// Follows what `call` asks for, in whatever protocol the client names first.
pub(crate) async fn serve(
    front: &Arc<Front>,
    call: gantry_registry::Request,
    request: Request<Incoming>,
) -> Result<Response<Body>, Rejection> {
    let watch = front.gateway.watch(call).await?;
    let offered = upgrade::socket_protocols(request.headers());
    let protocol = offered.iter().find(|name| !authenticate::is_token(name));
    let (reply, socket) = upgrade::to_socket(request, protocol.map(String::as_str))?;
    let stopped = front.stopped();
    front.tasks.spawn(async move {
        match socket.await {
            Ok(socket) => send(socket, watch, stopped).await,
            Err(error) => tracing::debug!(%error, "a WebSocket did not come about"),
        }
    })?;
    Ok(reply)
}

async fn send(mut socket: Socket, mut watch: WatchStream, stopped: impl Future<Output = ()>) {
    let mut stopped = std::pin::pin!(stopped);
    let encoding = watch.encoding();
    loop {
        tokio::select! {
            event = watch.next() => match event {
                Some(event) => {
                    if socket.send(message(event, encoding)).await.is_err() {
                        return;
                    }
                }
                None => break,
            },
            // Whatever a client says here is of no interest, except that it has gone.
            heard = socket.next() => match heard {
                Some(Ok(message)) if !message.is_close() => {}
                _ => return,
            },
            () = &mut stopped => break,
        }
    }
    upgrade::say_goodbye(&mut socket, LINGER).await;
}

fn message(event: Bytes, encoding: Encoding) -> Message {
    match encoding {
        Encoding::Protobuf => Message::Binary(event.slice(LENGTH_BYTES.min(event.len())..)),
        Encoding::Json | Encoding::Yaml => match Utf8Bytes::try_from(event) {
            Ok(text) => Message::Text(text),
            Err(_) => unreachable!("JSON is UTF-8"),
        },
    }
}
