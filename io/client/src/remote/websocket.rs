//! WebSockets with channels, as exec, attach and port-forward speak them: the first byte of each
//! message names its channel.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::Request;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};

use super::connect::Io;
use super::{Refusal, RemoteError, value};

/// Why a WebSocket failed.
pub type SocketError = tungstenite::Error;

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<Io>,
    protocol: String,
}

pub(super) async fn open(
    io: Io,
    head: Request<()>,
    protocols: &str,
) -> Result<Socket, RemoteError> {
    let uri = head.uri().to_string().replacen("http", "ws", 1);
    let mut request = uri.into_client_request().map_err(failed)?;
    for (name, value) in head.headers() {
        request.headers_mut().append(name, value.clone());
    }
    let offered = value(protocols)?;
    request
        .headers_mut()
        .insert(SEC_WEBSOCKET_PROTOCOL, offered);
    match tokio_tungstenite::client_async(request, io).await {
        Ok((stream, response)) => {
            let agreed = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
            let agreed = agreed
                .and_then(|name| name.to_str().ok())
                .unwrap_or_default();
            let protocol = agreed.to_owned();
            Ok(Socket { stream, protocol })
        }
        Err(SocketError::Http(response)) => {
            let content = response.body().as_deref().unwrap_or_default();
            let refusal = Refusal::read(response.status(), content);
            Err(RemoteError::Refused(Box::new(refusal)))
        }
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: SocketError) -> RemoteError {
    RemoteError::Socket(Box::new(error))
}

impl Socket {
    /// The protocol that was agreed on.
    #[must_use]
    pub fn protocol(&self) -> &str {
        &self.protocol
    }

    /// Sends `content` on a channel.
    pub async fn send(&mut self, channel: u8, content: &[u8]) -> Result<(), RemoteError> {
        let mut message = Vec::with_capacity(content.len() + 1);
        message.push(channel);
        message.extend_from_slice(content);
        let sent = self.stream.send(Message::Binary(message.into())).await;
        sent.map_err(failed)
    }

    /// The next message and its channel; nothing when the server has closed.
    pub async fn next(&mut self) -> Result<Option<(u8, Bytes)>, RemoteError> {
        while let Some(message) = self.stream.next().await {
            let content: Bytes = match message {
                Ok(Message::Binary(content)) => content,
                Ok(Message::Text(text)) => text.into(),
                Ok(Message::Close(_)) | Err(SocketError::ConnectionClosed) => return Ok(None),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => continue,
                Err(error) => return Err(failed(error)),
            };
            if let Some(channel) = content.first() {
                return Ok(Some((*channel, content.slice(1..))));
            }
        }
        Ok(None)
    }

    /// Says goodbye.
    pub async fn close(&mut self) -> Result<(), RemoteError> {
        match self.stream.close(None).await {
            Ok(()) | Err(SocketError::ConnectionClosed) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}
