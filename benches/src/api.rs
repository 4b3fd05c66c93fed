//! One connection to an API server: HTTP/2 over TLS, as many requests at a time as one likes.
//!
//! Knows nothing about objects beyond JSON; written to cost little, since its work counts too.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const JSON: &str = "application/json";

/// A connection that can be cloned and shared.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    sender: SendRequest<Full<Bytes>>,
    address: Arc<str>,
}

/// What a watch tells, one value at a time.
#[derive(Debug)]
pub(crate) struct Watch {
    body: Incoming,
    kept: Vec<u8>,
}

impl Api {
    /// Connects as a kubeconfig says.
    pub(crate) async fn connect(kubeconfig: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(kubeconfig)?;
        let config: Value = serde_saphyr::from_str(&text).context("read the kubeconfig")?;
        let server = config["clusters"][0]["cluster"]["server"]
            .as_str()
            .context("find the server")?;
        let address = server.trim_start_matches("https://");
        let host = address
            .rsplit_once(':')
            .context("find the port")?
            .0
            .to_owned();
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let connector = TlsConnector::from(Arc::new(tls(&config)?));
        let stream = connector
            .connect(ServerName::try_from(host)?, stream)
            .await?;
        let builder = http2::Builder::new(TokioExecutor::new());
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        // Ends by itself when the last sender is gone.
        drop(tokio::spawn(connection));
        Ok(Self {
            sender,
            address: address.into(),
        })
    }

    /// Asks, and takes the whole answer if it is a good one.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes> {
        self.ask_with(method, path, JSON, body).await
    }

    /// The same with a body of another type.
    pub(crate) async fn ask_with(
        &self,
        method: Method,
        path: &str,
        content: &'static str,
        body: Bytes,
    ) -> Result<Bytes> {
        let (status, body) = self.send(method, path, content, body).await?;
        let body = body.collect().await?.to_bytes();
        ensure!(
            status.is_success(),
            "ask {path}: {status}: {}",
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }

    /// Asks, and leaves the answer where it is until somebody reads it.
    pub(crate) async fn begin(&self, path: &str) -> Result<Incoming> {
        let (status, body) = self.send(Method::GET, path, JSON, Bytes::new()).await?;
        ensure!(status.is_success(), "ask {path}: {status}");
        Ok(body)
    }

    /// Follows what changes from now on.
    pub(crate) async fn watch(&self, path: &str) -> Result<Watch> {
        Ok(Watch {
            body: self.begin(&format!("{path}?watch=true")).await?,
            kept: Vec::new(),
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content: &'static str,
        body: Bytes,
    ) -> Result<(http::StatusCode, Incoming)> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://{}{path}", self.address))
            .header("content-type", content)
            .body(Full::new(body))?;
        let mut sender = self.sender.clone();
        sender.ready().await?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok((head.status, body))
    }
}

impl Watch {
    /// The next event.
    pub(crate) async fn next(&mut self) -> Result<Value> {
        loop {
            if let Some(end) = self.kept.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.kept.drain(..=end).collect();
                return Ok(serde_json::from_slice(&line)?);
            }
            let frame = self.body.frame().await.context("watch on: it ended")??;
            if let Ok(bytes) = frame.into_data() {
                self.kept.extend_from_slice(&bytes);
            }
        }
    }
}

fn tls(config: &Value) -> Result<ClientConfig> {
    let decoded = |value: &Value| -> Result<Vec<u8>> {
        Ok(STANDARD.decode(value.as_str().context("find a certificate")?)?)
    };
    let authority = decoded(&config["clusters"][0]["cluster"]["certificate-authority-data"])?;
    let user = &config["users"][0]["user"];
    let certificate = decoded(&user["client-certificate-data"])?;
    let key = decoded(&user["client-key-data"])?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&authority)?)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&certificate).collect::<Result<_, _>>()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(&key)?)?;
    tls.alpn_protocols = vec![b"h2".to_vec()];
    Ok(tls)
}
