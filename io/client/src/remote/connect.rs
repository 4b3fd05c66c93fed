//! Connections to the server: TCP, and TLS where the endpoint asks for it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{RemoteError, tls};
use crate::kubeconfig::Endpoint;

/// How long a server may take to accept a connection.
const CONNECT_MAX: Duration = Duration::from_secs(30);

/// An open connection, and what was agreed to speak on it.
pub(super) struct Connection {
    pub(super) io: Io,
    pub(super) is_http2: bool,
}

/// Bytes to the server and back.
#[derive(Debug)]
pub(super) enum Io {
    Plain(TcpStream),
    Local(UnixStream),
    Secure(Box<TlsStream<TcpStream>>),
}

/// Connects; `http2` says whether HTTP/2 may be agreed on.
pub(super) async fn connect(
    endpoint: &Endpoint,
    tls: Option<&Arc<ClientConfig>>,
    http2: bool,
) -> Result<Connection, RemoteError> {
    if let Some(path) = &endpoint.socket {
        let stream = UnixStream::connect(path).await;
        let stream = stream.map_err(|source| connect_error(&path.display().to_string(), source))?;
        return Ok(Connection {
            io: Io::Local(stream),
            is_http2: false,
        });
    }
    let address = endpoint.authority();
    let failed = |source: io::Error| connect_error(&address, source);
    let dial = TcpStream::connect((endpoint.host.as_str(), endpoint.port));
    let timed_out = |_| RemoteError::Unreachable {
        address: address.clone(),
        source: io::Error::new(io::ErrorKind::TimedOut, "no answer"),
    };
    let stream = tokio::time::timeout(CONNECT_MAX, dial)
        .await
        .map_err(timed_out)?;
    let stream = stream.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let Some(config) = tls else {
        let io = Io::Plain(stream);
        return Ok(Connection {
            io,
            is_http2: false,
        });
    };
    let config = tls::with_protocols(config, http2);
    let name = endpoint.tls_server_name.as_ref().unwrap_or(&endpoint.host);
    let name = ServerName::try_from(name.clone()).map_err(|source| RemoteError::ServerName {
        name: name.clone(),
        source,
    })?;
    let secured = TlsConnector::from(config).connect(name, stream).await;
    let stream = secured.map_err(|source| RemoteError::Tls {
        address: address.clone(),
        source,
    })?;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let io = Io::Secure(Box::new(stream));
    Ok(Connection { io, is_http2 })
}

fn connect_error(address: &str, source: io::Error) -> RemoteError {
    let address = address.to_owned();
    if source.kind() == io::ErrorKind::ConnectionRefused {
        RemoteError::NobodyListens { address }
    } else {
        RemoteError::Unreachable { address, source }
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Local(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Secure(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Local(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Secure(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Local(stream) => Pin::new(stream).poll_flush(cx),
            Self::Secure(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Local(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
