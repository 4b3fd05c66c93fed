//! Asks a web server once. Certificates are not checked: a probe asks whether somebody answers.

use bytes::Bytes;
use http::{Request, header};
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{Container, HTTPGetAction};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::{port, trust};

/// What to ask, and whom.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    host: String,
    port: u16,
    tls: bool,
    path: String,
    headers: Vec<(String, String)>,
}

impl Target {
    /// What `get` means for a pod that is reached at `address`.
    pub(crate) fn new(
        get: &HTTPGetAction,
        address: &str,
        spec: &Container,
    ) -> Result<Self, String> {
        let host = get.host.as_deref().filter(|host| !host.is_empty());
        let headers = get.http_headers.iter().flatten();
        let path = get.path.as_deref().unwrap_or("/");
        Ok(Self {
            host: host.unwrap_or(address).to_owned(),
            port: port(&get.port, spec)?,
            tls: get.scheme.as_deref() == Some("HTTPS"),
            path: if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            },
            headers: headers.map(|h| (h.name.clone(), h.value.clone())).collect(),
        })
    }

    fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}:{}{}", self.host, self.port, self.path)
    }
}

/// The status code of the answer.
pub(crate) async fn get(target: &Target) -> Result<u16, String> {
    let failed = |why: String| format!("Get {:?}: {why}", target.url());
    let address = (target.host.as_str(), target.port);
    let stream = TcpStream::connect(address).await.map_err(|error| {
        failed(format!(
            "dial tcp {}:{}: connect: {error}",
            target.host, target.port
        ))
    })?;
    if target.tls {
        let stream = trust::connect(stream, &target.host).await;
        let stream = stream.map_err(|error| failed(error.to_string()))?;
        ask(stream, target).await.map_err(failed)
    } else {
        ask(stream, target).await.map_err(failed)
    }
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    target: &Target,
) -> Result<u16, String> {
    let told = |error: hyper::Error| gantry_base::chain(&error);
    let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(told)?;
    let answer = sender.send_request(request(target)?);
    tokio::pin!(answer);
    // The connection carries the answer. A server that closes it at once has answered all the same.
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        _ended = connection => answer.await,
    };
    Ok(answer.map_err(told)?.status().as_u16())
}

fn request(target: &Target) -> Result<Request<Empty<Bytes>>, String> {
    let mut request = Request::get(&target.path);
    let named = |name: &str| {
        target
            .headers
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case(name))
    };
    if !named("host") {
        request = request.header(header::HOST, format!("{}:{}", target.host, target.port));
    }
    if !named("user-agent") {
        request = request.header(header::USER_AGENT, "kube-probe/1.35");
    }
    if !named("accept") {
        request = request.header(header::ACCEPT, "*/*");
    }
    for (name, value) in &target.headers {
        request = request.header(name, value);
    }
    let request = request.header(header::CONNECTION, "close");
    request
        .body(Empty::new())
        .map_err(|error| error.to_string())
}
