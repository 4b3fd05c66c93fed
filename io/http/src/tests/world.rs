//! A server on a port of its own, over the store in memory, with a node that echoes.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{ClientConfig, SignatureScheme};

use gantry_api::Caller;
use gantry_audit::Audit;
use gantry_base::Timestamp;
use gantry_base::entropy::Seeded;
use gantry_gateway::{
    Authenticator, ClientCertificate, Config, Gateway, NoMessenger, NoTokens, Pending, SystemClock,
};
use gantry_pki::{Identity, Pki, ServerNames, client_config};
use gantry_registry::Settings;
use gantry_registry::step::Authenticated;
use gantry_store::MemoryStore;

use crate::nodes::{
    AttachRequest, Duplex, ExecRequest, LogOptions, LogStream, NodeError, Nodes, PodRef, Reply,
    Session,
};
use gantry_driver::Record;

use crate::{Bounds, Lane, Server, ServerConfig};

/// A node on which every program says back what it hears, and ends with the code 3.
#[derive(Debug)]
struct Echo;

impl Nodes for Echo {
    fn logs(&self, pod: PodRef, options: LogOptions) -> Reply<'_, LogStream> {
        let lines = [pod.name, options.container].map(|line| Ok(Bytes::from(format!("{line}\n"))));
        Box::pin(async { Ok(futures_util::stream::iter(lines).boxed()) })
    }

    fn exec(&self, _pod: PodRef, request: ExecRequest) -> Reply<'_, Session> {
        let (client, mut program) = tokio::io::duplex(1024);
        let (stdout, stdin) = tokio::io::split(client);
        let exit = async move {
            let mut heard = String::new();
            program.read_to_string(&mut heard).await.unwrap();
            let said = format!("{} heard {heard}", request.argv.join(" "));
            program.write_all(said.as_bytes()).await.unwrap();
            program.shutdown().await.unwrap();
            Ok(3)
        };
        let session = Session {
            stdin: Some(Box::new(stdin)),
            stdout: Some(Box::new(stdout)),
            stderr: None,
            resize: None,
            exit: Box::pin(exit),
        };
        Box::pin(async { Ok(session) })
    }

    fn attach(&self, _pod: PodRef, _request: AttachRequest) -> Reply<'_, Session> {
        let refused = NodeError::Refused {
            message: "nothing to attach to".to_owned(),
        };
        Box::pin(async { Err(refused) })
    }

    fn port_forward(&self, _pod: PodRef, port: u16) -> Reply<'_, Box<dyn Duplex>> {
        let (client, mut program) = tokio::io::duplex(1024);
        tokio::spawn(async move {
            let mut heard = String::new();
            program.read_to_string(&mut heard).await.unwrap();
            let said = format!("{port} heard {heard}");
            program.write_all(said.as_bytes()).await.unwrap();
        });
        Box::pin(async { Ok(Box::new(client) as Box<dyn Duplex>) })
    }
}

/// Has nothing to show to a server that asks.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Accepts no token, and certificates as long as their user is not revoked.
#[derive(Debug, Default)]
pub(super) struct Judge {
    revoked: Mutex<Vec<String>>,
    changes: watch::Sender<()>,
}

impl Judge {
    pub(super) fn revoke(&self, user: &str) {
        self.revoked.lock().unwrap().push(user.to_owned());
        self.changes.send_replace(());
    }
}

impl Authenticator for Judge {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        audiences: &'a [String],
    ) -> Pending<'a, Result<Authenticated, String>> {
        NoTokens.authenticate(token, audiences)
    }

    fn certificate(&self, shown: &ClientCertificate, now: Timestamp) -> Result<Caller, String> {
        if self.revoked.lock().unwrap().contains(&shown.user) {
            return Err("revoked".to_owned());
        }
        shown.caller(now)
    }

    fn revoked(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}

/// A server that runs, and how to reach it.
pub(super) struct World {
    pub(super) judge: Arc<Judge>,
    _dir: TempDir,
    pub(super) pki: Arc<Pki>,
    pub(super) address: SocketAddr,
    pub(super) stop: oneshot::Sender<()>,
    pub(super) server: JoinHandle<()>,
}

impl World {
    /// Starts a server that knows nothing yet.
    pub(super) fn new() -> Self {
        Self::made_with(None, None)
    }

    /// The same, with a lane for root.
    pub(super) fn with_lane(lane: Lane) -> Self {
        Self::made_with(Some(lane), None)
    }

    /// The same, with somebody who writes down what is asked.
    pub(super) fn audited(audit: Arc<Audit>) -> Self {
        Self::made_with(None, Some(audit))
    }

    fn made_with(lane: Option<Lane>, audit: Option<Arc<Audit>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let names = ServerNames {
            service_address: Ipv4Addr::new(10, 96, 0, 1).into(),
            addresses: Vec::new(),
            extra: Vec::new(),
        };
        let pki = Arc::new(Pki::open(&dir.path().join("pki"), names, Timestamp::now()).unwrap());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let config = Config {
            kinds: gantry_kinds::builtin(),
            settings: Settings::default(),
            clock: Arc::new(SystemClock::default()),
            entropy: Box::new(Seeded::new(1)),
            signer: Arc::new(NoTokens),
            authenticator: Arc::new(NoTokens),
            messenger: Arc::new(NoMessenger),
        };
        let judge = Arc::new(Judge::default());
        let server = Server::new(ServerConfig {
            gateway: Gateway::new(MemoryStore::default(), config),
            nodes: Arc::new(Echo),
            authenticator: Arc::clone(&judge) as _,
            pki: Arc::clone(&pki),
            clock: Arc::new(SystemClock::default()),
            listeners: vec![listener],
            lane,
            version: "v1.35.0".to_owned(),
            bounds: Bounds::default(),
            record: Record::default(),
            audit,
        });
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(server.unwrap().run(async { stopped.await.unwrap() }));
        Self {
            judge,
            _dir: dir,
            pki,
            address,
            stop,
            server,
        }
    }

    /// A server with a pod `web` that runs, with the container `c`.
    pub(super) async fn with_pod() -> Self {
        let world = Self::new();
        let mut admin = world.admin().await;
        let meta = |name: &str| json!({"name": name});
        let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": meta("default")});
        admin
            .expect(201, "POST", "/api/v1/namespaces", &space)
            .await;
        let account =
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("default")});
        let inside = "/api/v1/namespaces/default";
        admin
            .expect(201, "POST", &format!("{inside}/serviceaccounts"), &account)
            .await;
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": meta("web"),
            "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]},
        });
        admin
            .expect(201, "POST", &format!("{inside}/pods"), &pod)
            .await;
        let status = json!({"status": {"phase": "Running", "containerStatuses": [{
            "name": "c", "ready": true, "restartCount": 0, "image": "i", "imageID": "i",
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        }]}});
        admin
            .expect(200, "PATCH", &format!("{inside}/pods/web/status"), &status)
            .await;
        world
    }

    /// Somebody's connection.
    pub(super) async fn connect(&self, identity: &Identity) -> Client {
        self.connect_with(client_config(identity).unwrap()).await
    }

    async fn connect_with(&self, config: Arc<ClientConfig>) -> Client {
        let stream = self.raw(config).await;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        Client { sender }
    }

    /// A connection of somebody who shows no certificate.
    pub(super) async fn nobody(&self) -> Client {
        let identity = self.pki.admin_identity(Timestamp::now()).unwrap();
        let mut config = Arc::unwrap_or_clone(client_config(&identity).unwrap());
        config.client_auth_cert_resolver = Arc::new(NoCertificate);
        self.connect_with(Arc::new(config)).await
    }

    /// A connection of somebody who may do everything.
    pub(super) async fn admin(&self) -> Client {
        self.connect(&self.pki.admin_identity(Timestamp::now()).unwrap())
            .await
    }

    /// A connection of somebody without any rights.
    pub(super) async fn stranger(&self) -> Client {
        let ttl = Duration::from_secs(600);
        let identity = self
            .pki
            .client_identity("stranger", &[], ttl, Timestamp::now());
        self.connect(&identity.unwrap()).await
    }

    async fn raw(&self, config: Arc<ClientConfig>) -> TlsStream<tokio::net::TcpStream> {
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let connector = TlsConnector::from(config);
        connector
            .connect("localhost".try_into().unwrap(), stream)
            .await
            .unwrap()
    }
}

/// A client's connection.
pub(super) struct Client {
    sender: http1::SendRequest<Full<Bytes>>,
}

impl Client {
    /// A client over a connection that somebody else made.
    pub(super) const fn over(sender: http1::SendRequest<Full<Bytes>>) -> Self {
        Self { sender }
    }

    /// Sends a request as it is.
    pub(super) async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.sender.ready().await.unwrap();
        self.sender.send_request(request).await.unwrap()
    }

    /// Reads a path: the code and the text.
    pub(super) async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = Request::get(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.send(request.body(Full::default()).unwrap()).await;
        let code = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (code, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Sends an object, and asserts that the answer has this code.
    pub(super) async fn expect(&mut self, code: u16, method: &str, path: &str, body: &Value) {
        let merge = "application/merge-patch+json";
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header(
                "content-type",
                if method == "PATCH" {
                    merge
                } else {
                    "application/json"
                },
            )
            .body(Full::from(body.to_string()));
        let response = self.send(request.unwrap()).await;
        let got = response.status().as_u16();
        let text = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(
            got,
            code,
            "{method} {path}: {}",
            String::from_utf8_lossy(&text)
        );
    }
}
