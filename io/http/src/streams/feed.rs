//! A stream that only the server fills, over WebSocket: a log, for browsers and their like.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{SinkExt, StreamExt};
use gantry_api::Rejection;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio_tungstenite::tungstenite::Message;

use crate::body::{Body, BodyError};
use crate::front::Front;
use crate::limits::LINGER;
use crate::streams::upgrade::{self, Socket};

/// How pieces become messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As they are.
    Binary,
    /// As text in base64.
    Base64,
}

/// The names by which clients ask for a form.
const PROTOCOLS: [(&str, Form); 2] = [
    ("base64.binary.k8s.io", Form::Base64),
    ("binary.k8s.io", Form::Binary),
];

/// Sends all of `content` over a WebSocket, in the form that the client names.
pub(crate) fn over_socket(
    front: &Arc<Front>,
    request: Request<Incoming>,
    content: BoxStream<'static, Result<Bytes, BodyError>>,
) -> Result<Response<Body>, Rejection> {
    let offered = upgrade::socket_protocols(request.headers());
    let known = |name: &String| PROTOCOLS.iter().find(|(known, _)| known == name);
    let chosen = offered.iter().find_map(known);
    let form = chosen.map_or(Form::Binary, |(_, form)| *form);
    let (reply, socket) = upgrade::to_socket(request, chosen.map(|(name, _)| *name))?;
    front.tasks.spawn(async move {
        match socket.await {
            Ok(socket) => send(socket, content, form).await,
            Err(error) => tracing::debug!(%error, "a WebSocket did not come about"),
        }
    })?;
    Ok(reply)
}

async fn send(
    mut socket: Socket,
    mut content: BoxStream<'static, Result<Bytes, BodyError>>,
    form: Form,
) {
    loop {
        tokio::select! {
            piece = content.next() => match piece {
                Some(Ok(piece)) => {
                    if socket.send(message(piece, form)).await.is_err() {
                        return;
                    }
                }
                Some(Err(_)) | None => break,
            },
            // Whatever a client says here is of no interest, except that it has gone.
            heard = socket.next() => match heard {
                Some(Ok(message)) if !message.is_close() => {}
                _ => return,
            },
        }
    }
    upgrade::say_goodbye(&mut socket, LINGER).await;
}

fn message(piece: Bytes, form: Form) -> Message {
    match form {
        Form::Binary => Message::Binary(piece),
        Form::Base64 => Message::text(STANDARD.encode(&piece)),
    }
}
