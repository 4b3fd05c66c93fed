//! Connections: name lookup, TCP, perhaps a proxy, perhaps TLS.
//!
//! The certificates to trust are those of the machine; where it has none, those built in, so that
//! the binary alone is enough.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Request, Uri};
use http_body_util::Full;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::exchange::{self, Exchange};
use super::{RemoteError, proxy};
use crate::limits;
use crate::registries::is_loopback;

/// The way out of this machine.
pub(crate) struct Network {
    /// Made when it is first needed: reading the machine's certificates takes milliseconds.
    tls: OnceLock<Arc<ClientConfig>>,
    /// The proxies that the environment names, as every other program uses them.
    proxies: Matcher,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// The name has no address.
    #[error("no such host")]
    Lookup(#[source] io::Error),
    /// It took too long.
    #[error("no connection within {after:?}")]
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// The network does not lead there.
    #[error("no connection")]
    Io(#[source] io::Error),
    /// The other side does not prove to be who it should be, or does not speak TLS.
    #[error("TLS")]
    Tls(#[source] io::Error),
    /// The name cannot be in a certificate.
    #[error("TLS")]
    Name(#[source] InvalidDnsNameError),
    /// A certificate from the registries file is not usable.
    #[error("a certificate to trust is not usable")]
    Certificate(#[source] rustls::Error),
    /// The address has no host, or is of an unknown scheme.
    #[error("{0:?} is no address to connect to")]
    Address(String),
    /// The proxy does not let us through.
    #[error("the proxy {proxy} answered {answer:?}")]
    Proxy {
        /// The proxy.
        proxy: String,
        /// The first line of what it answered.
        answer: String,
    },
    /// The proxy is of a kind that is not supported.
    #[error("the proxy {proxy} is not of the supported kind, http://")]
    ProxyKind {
        /// The proxy.
        proxy: String,
    },
    /// The other side does not speak HTTP.
    #[error("no HTTP")]
    Http(#[source] hyper::Error),
}

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Network {
    pub(crate) fn new() -> Self {
        Self {
            tls: OnceLock::new(),
            proxies: Matcher::from_env(),
        }
    }

    /// Sends a request over a connection of its own, and waits for the head of the answer.
    pub(super) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        ca: &[CertificateDer<'static>],
        registry: &str,
    ) -> Result<Exchange, RemoteError> {
        let no = |source| RemoteError::Connect {
            registry: registry.to_owned(),
            source,
        };
        let connecting = self.connect(request.uri(), ca);
        let stream = match tokio::time::timeout(limits::CONNECT_TIME, connecting).await {
            Ok(stream) => stream.map_err(no)?,
            Err(_) => {
                return Err(no(ConnectError::TimedOut {
                    after: limits::CONNECT_TIME,
                }));
            }
        };
        prepare(&mut request).map_err(no)?;
        exchange::send(stream, request, registry).await
    }

    async fn connect(
        &self,
        uri: &Uri,
        ca: &[CertificateDer<'static>],
    ) -> Result<Box<dyn Stream>, ConnectError> {
        let wrong = || ConnectError::Address(uri.to_string());
        let host = uri.host().ok_or_else(wrong)?.trim_matches(['[', ']']);
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        // No proxy can reach what is on this machine alone.
        let proxy = self.proxies.intercept(uri).filter(|_| !is_loopback(host));
        let stream = match proxy {
            Some(proxy) => proxy::tunnel(&proxy, host, port).await?,
            None => tcp(host, port).await?,
        };
        if !secure {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(ConnectError::Name)?;
        let connector = TlsConnector::from(self.tls(ca)?);
        Ok(Box::new(
            connector
                .connect(name, stream)
                .await
                .map_err(ConnectError::Tls)?,
        ))
    }

    fn tls(&self, ca: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, ConnectError> {
        if !ca.is_empty() {
            return tls(ca);
        }
        if let Some(ready) = self.tls.get() {
            return Ok(Arc::clone(ready));
        }
        let made = tls(&[])?;
        Ok(Arc::clone(self.tls.get_or_init(|| made)))
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

pub(super) async fn tcp(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let addresses: Vec<_> = tokio::net::lookup_host((host, port))
        .await
        .map_err(ConnectError::Lookup)?
        .collect();
    let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    let stream = TcpStream::connect(&addresses[..]).await.map_err(|error| {
        if refused(&error) {
            ConnectError::Refused
        } else {
            ConnectError::Io(error)
        }
    })?;
    stream.set_nodelay(true).map_err(ConnectError::Io)?;
    Ok(stream)
}

/// A request on its own connection names only the path; the host goes to its header.
fn prepare(request: &mut Request<Full<Bytes>>) -> Result<(), ConnectError> {
    let wrong = |uri: &Uri| ConnectError::Address(uri.to_string());
    let uri = request.uri().clone();
    let host = uri.authority().ok_or_else(|| wrong(&uri))?.as_str();
    let host = HeaderValue::from_str(host).map_err(|_| wrong(&uri))?;
    let path = uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    *request.uri_mut() = path.parse().map_err(|_| wrong(&uri))?;
    request.headers_mut().insert(HOST, host);
    request
        .headers_mut()
        .insert(USER_AGENT, HeaderValue::from_static("gantry"));
    Ok(())
}

fn tls(extra: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, ConnectError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::debug!(%error, "certificates of this machine not readable");
    }
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for certificate in extra {
        roots
            .add(certificate.clone())
            .map_err(ConnectError::Certificate)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(ConnectError::Certificate)?;
    Ok(Arc::new(
        builder.with_root_certificates(roots).with_no_client_auth(),
    ))
}
