use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::registries::Registries;

/// A registry that answers one request over TLS, and the file with its certificate.
struct Secure {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    certificate: tempfile::NamedTempFile,
}

impl Secure {
    async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let certificate = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(certificate.path(), made.cert.pem()).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            listener,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate,
        }
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Whether the client went on after seeing the certificate.
    async fn answer(&self, body: &str) -> bool {
        let (stream, _) = self.listener.accept().await.unwrap();
        let Ok(mut stream) = self.acceptor.accept(stream).await else {
            return false;
        };
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(stream.read_u8().await.unwrap());
        }
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        true
    }
}

async fn manifest(registries: &str, image: &str) -> Result<Bytes, RemoteError> {
    let reference: crate::Reference = image.parse().unwrap();
    let endpoints = Registries::parse(registries).unwrap().endpoints(&reference);
    let network = Network::new();
    let session = Session::new(&network, &endpoints[0], reference.repository(), None);
    session.manifest("1").await.map(|raw| raw.bytes)
}

#[tokio::test]
async fn a_certificate_from_the_registries_file_is_trusted() {
    let server = Secure::start().await;
    let (address, ca) = (
        server.address(),
        server.certificate.path().display().to_string(),
    );
    let text = format!("registries: {{'{address}': {{plainHttp: false, ca: '{ca}'}}}}");
    let image = format!("{address}/app:1");
    let (served, answer) = tokio::join!(server.answer("{}"), manifest(&text, &image));
    assert!(served);
    assert_eq!(answer.unwrap(), "{}");
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_with_the_reason() {
    let server = Secure::start().await;
    let address = server.address();
    let text = format!("registries: {{'{address}': {{plainHttp: false}}}}");
    let image = format!("{address}/app:1");
    let (served, answer) = tokio::join!(server.answer("{}"), manifest(&text, &image));
    assert!(!served);
    let fault = gantry_base::chain(&answer.unwrap_err());
    assert!(
        fault.starts_with(&format!("{address}: TLS: invalid peer certificate")),
        "{fault}"
    );
}

#[tokio::test]
async fn a_redirect_never_leads_from_encrypted_to_plain() {
    let reference: crate::Reference = "r.example/app:1".parse().unwrap();
    let endpoints = Registries::default().endpoints(&reference);
    let network = Network::new();
    let session = Session::new(&network, &endpoints[0], "app", None);
    let from: Uri = "https://r.example/v2/app/blobs/x".parse().unwrap();
    for (location, fine) in [
        ("/other", true),
        ("https://cdn.example/x", true),
        ("http://r.example/x", false),
    ] {
        assert_eq!(
            session.redirect(&from, location).is_ok(),
            fine,
            "{location}"
        );
    }
}
