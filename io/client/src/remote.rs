//! An API server over the network: HTTP requests with the credentials of an [`Endpoint`].
//!
//! One HTTP/2 connection is shared by all requests when the server speaks it; otherwise each
//! request has a connection of its own. Nothing is retried here, and paths are the caller's: this
//! module knows no resource.

mod asked;
mod body;
mod connect;
mod error;
mod refusal;
mod tls;
mod websocket;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::sync::Mutex;

pub use body::{Body, Lines};
pub use error::RemoteError;
pub use refusal::Refusal;
pub use websocket::{Socket, SocketError};

use crate::kubeconfig::Endpoint;
use connect::{Connection, connect};

/// What JSON answers are asked for with.
pub const JSON: &str = "application/json";

/// How often a shared connection on which answers are awaited is tried, and how long that may take:
/// a server that vanished without a word is noticed after both.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One request: everything but the credentials.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path and query, beginning with a slash.
    pub path: String,
    /// What the `Accept` header says.
    pub accept: String,
    /// The body and its type.
    pub body: Option<(Bytes, String)>,
}

impl Call {
    /// A request without a body that accepts JSON.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            accept: JSON.to_owned(),
            body: None,
        }
    }

    /// Reads `path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// The same, accepting `media_type`.
    #[must_use]
    pub fn accept(mut self, media_type: &str) -> Self {
        media_type.clone_into(&mut self.accept);
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn body(mut self, content: impl Into<Bytes>, media_type: &str) -> Self {
        self.body = Some((content.into(), media_type.to_owned()));
        self
    }
}

/// A complete answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The body.
    pub content: Bytes,
    /// What the server warns of, one sentence each.
    pub warnings: Vec<String>,
}

/// An API server that is reached over the network, seen by one caller.
#[derive(Debug)]
pub struct Remote {
    endpoint: Endpoint,
    agent: String,
    tls: Option<Arc<ClientConfig>>,
    shared: Mutex<Option<http2::SendRequest<Full<Bytes>>>>,
}

impl Remote {
    /// Prepares to speak to `endpoint`; nothing is connected yet. `agent` names the program.
    pub fn new(endpoint: Endpoint, agent: &str) -> Result<Self, RemoteError> {
        let tls = endpoint
            .secure
            .then(|| tls::config(&endpoint))
            .transpose()?;
        Ok(Self {
            endpoint,
            agent: agent.to_owned(),
            tls: tls.map(Arc::new),
            shared: Mutex::new(None),
        })
    }

    /// Where requests go.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a request and reads the whole answer. Anything but success is an error.
    pub async fn send(&self, call: Call) -> Result<Answer, RemoteError> {
        let response = self.open(call).await?;
        let warnings = warnings(response.headers());
        let content = response.into_body().collect().await?.to_bytes();
        Ok(Answer { content, warnings })
    }

    /// Sends a request and hands the answer out as it arrives.
    pub async fn stream(&self, call: Call) -> Result<Body, RemoteError> {
        Ok(Body::new(self.open(call).await?.into_body()))
    }

    /// Opens a WebSocket at `path`, offering `protocols` in this order.
    pub async fn websocket(&self, path: &str, protocols: &str) -> Result<Socket, RemoteError> {
        let stream = connect(&self.endpoint, self.tls.as_ref(), false).await?;
        websocket::open(stream.io, self.head(Method::GET, path)?, protocols).await
    }

    async fn open(&self, call: Call) -> Result<Response<Incoming>, RemoteError> {
        let response = self.exchange(self.request(call)?).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let code = response.status();
        let content = response.into_body().collect().await?.to_bytes();
        Err(RemoteError::Refused(Box::new(Refusal::read(
            code, &content,
        ))))
    }

    fn request(&self, call: Call) -> Result<Request<Full<Bytes>>, RemoteError> {
        let mut request = self.head(call.method, &call.path)?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, value(&call.accept)?);
        let (content, media_type) = call.body.unzip();
        if let Some(media_type) = media_type {
            headers.insert(CONTENT_TYPE, value(&media_type)?);
        }
        Ok(request.map(|()| Full::new(content.unwrap_or_default())))
    }

    /// Method, address and credentials.
    fn head(&self, method: Method, path: &str) -> Result<Request<()>, RemoteError> {
        let endpoint = &self.endpoint;
        let scheme = if endpoint.secure { "https" } else { "http" };
        let uri = format!(
            "{scheme}://{}{}{path}",
            endpoint.authority(),
            endpoint.prefix
        );
        let mut request = Request::builder().method(method).uri(uri).body(())?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, value(&self.agent)?);
        if let Some(credentials) = endpoint.authorization() {
            let mut credentials = value(&credentials)?;
            credentials.set_sensitive(true);
            headers.insert(AUTHORIZATION, credentials);
        }
        if let Some(user) = &endpoint.impersonate {
            headers.insert(HeaderName::from_static("impersonate-user"), value(user)?);
        }
        for group in &endpoint.impersonate_groups {
            headers.append(HeaderName::from_static("impersonate-group"), value(group)?);
        }
        Ok(request)
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, RemoteError> {
        let mut shared = self.shared.lock().await;
        if let Some(sender) = shared.as_ref().filter(|sender| !sender.is_closed()) {
            let mut sender = sender.clone();
            drop(shared);
            return Ok(sender.send_request(request).await?);
        }
        let Connection { io, is_http2 } = connect(&self.endpoint, self.tls.as_ref(), true).await?;
        if !is_http2 {
            drop(shared);
            return alone(io, request).await;
        }
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE);
        let (mut sender, connection) = builder.handshake(TokioIo::new(io)).await?;
        tokio::spawn(connection);
        *shared = Some(sender.clone());
        drop(shared);
        Ok(sender.send_request(request).await?)
    }
}

/// One request on an HTTP/1 connection of its own.
async fn alone(
    io: connect::Io,
    mut request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, RemoteError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await?;
    tokio::spawn(connection);
    if let Some(authority) = request.uri().authority() {
        let host = value(authority.as_str())?;
        request.headers_mut().insert(HOST, host);
    }
    if let Some(path) = request.uri().path_and_query() {
        *request.uri_mut() = path.as_str().parse().map_err(http::Error::from)?;
    }
    Ok(sender.send_request(request).await?)
}

fn value(text: &str) -> Result<HeaderValue, RemoteError> {
    HeaderValue::from_str(text).map_err(|error| RemoteError::Request(error.into()))
}

/// The sentences of `Warning: 299 - "..."` headers.
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let texts = headers.get_all(http::header::WARNING).into_iter();
    let texts = texts.filter_map(|text| text.to_str().ok());
    let quoted = texts.filter_map(|text| {
        let (_, rest) = text.split_once('"')?;
        let (sentence, _) = rest.rsplit_once('"')?;
        Some(sentence.replace("\\\"", "\"").replace("\\\\", "\\"))
    });
    quoted.collect()
}
