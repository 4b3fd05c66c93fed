//! Another server behind this one: in whose name it is asked, what is told of it, and what becomes
//! of clients when it is gone.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::header::{CONNECTION, UPGRADE};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use gantry_base::Timestamp;
use gantry_pki::{Authority, ServerNames};

use super::world::{Client, World};

const FLUNDERS: &str = "/apis/example.com/v1/namespaces/default/flunders";
const TOGETHER: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Another server, which says back what it heard.
struct Behind {
    port: u16,
    authority: String,
    serving: JoinHandle<()>,
}

impl Behind {
    /// Starts one that only believes who the front proxy's authority of `world` vouched for.
    async fn start(world: &World) -> Self {
        let authority = Authority::create(Timestamp::now()).unwrap();
        let names = ServerNames {
            service_address: "127.0.0.1".parse().unwrap(),
            addresses: Vec::new(),
            extra: vec!["api.default.svc".to_owned()],
        };
        let identity = authority.issue_server(&names, Timestamp::now()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        let believed = world.pki.front_proxy().ca_pem().to_owned();
        let believed = CertificateDer::from_pem_slice(believed.as_bytes());
        roots.add(believed.unwrap()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let chain = CertificateDer::from_pem_slice(identity.cert_pem.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![chain], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let service = service_fn(async |request| Ok::<_, Infallible>(answer(request)));
                    let http = hyper::server::conn::http1::Builder::new();
                    let connection = http.serve_connection(TokioIo::new(stream), service);
                    gantry_base::ignore(connection.with_upgrades().await, "the front is told");
                });
            }
        });
        Self {
            port,
            authority: authority.ca_pem().to_owned(),
            serving,
        }
    }

    /// Registers it, and waits until it is said to be available.
    async fn register(&self, world: &World) {
        let mut admin = world.admin().await;
        let space = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "default"}});
        admin
            .expect(201, "POST", "/api/v1/namespaces", &space)
            .await;
        // Endpoints may not be on loopback; a name outside of the cluster may lead there.
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api"},
            "spec": {"type": "ExternalName", "externalName": "localhost"}});
        let inside = "/api/v1/namespaces/default/services";
        admin.expect(201, "POST", inside, &service).await;
        let bundle =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &self.authority);
        let registration = json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": "v1.example.com"},
            "spec": {"group": "example.com", "version": "v1", "groupPriorityMinimum": 2000,
                "versionPriority": 10, "caBundle": bundle,
                "service": {"namespace": "default", "name": "api", "port": self.port}},
        });
        let place = "/apis/apiregistration.k8s.io/v1/apiservices";
        admin.expect(201, "POST", place, &registration).await;
        told(world, |status, _| status == "True").await;
    }
}

/// Waits until the condition of the registration is as wanted; its reason and message.
async fn told(world: &World, wanted: impl Fn(&str, &str) -> bool) -> String {
    let place = "/apis/apiregistration.k8s.io/v1/apiservices?watch=1";
    let request = Request::get(place).header("host", "localhost");
    let answer = world
        .admin()
        .await
        .send(request.body(Full::default()).unwrap())
        .await;
    let mut body = answer.into_body();
    let mut text = String::new();
    loop {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        while let Some((line, rest)) = text.split_once('\n') {
            let event: Value = serde_json::from_str(line).unwrap();
            let condition = &event["object"]["status"]["conditions"][0];
            let part = |field: &str| condition[field].as_str().unwrap_or("").to_owned();
            if wanted(&part("status"), &part("reason")) {
                return format!("{}: {}", part("reason"), part("message"));
            }
            text = rest.to_owned();
        }
    }
}

fn answer(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    let json = |value: Value| {
        let response = Response::builder().header("content-type", "application/json");
        response.body(Full::from(value.to_string())).unwrap()
    };
    match request.uri().path() {
        "/apis/example.com/v1" => json(json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "example.com/v1",
            "resources": [{"name": "flunders", "singularName": "flunder", "namespaced": true,
                "kind": "Flunder", "verbs": ["get", "list"]}],
        })),
        "/openapi/v3" => json(json!({"paths": {"apis/example.com/v1": {
            "serverRelativeURL": "/openapi/v3/apis/example.com/v1?hash=1"}}})),
        "/openapi/v3/apis/example.com/v1" => json(json!({"openapi": "3.0.0", "own": true})),
        "/openapi/v2" => json(json!({"paths": {"/apis/example.com/v1/flunders": {}},
            "definitions": {"Flunder": {"type": "object"}}})),
        FLUNDERS if request.headers().contains_key(UPGRADE) => {
            let upgraded = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let raw = TokioIo::new(upgraded.await.unwrap());
                let mut socket = WebSocketStream::from_raw_socket(raw, Role::Server, None).await;
                while let Some(Ok(message)) = socket.next().await {
                    if message.is_close() || socket.send(message).await.is_err() {
                        return;
                    }
                }
            });
            let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
            let response = response
                .header(CONNECTION, "Upgrade")
                .header(UPGRADE, "websocket");
            response.body(Full::default()).unwrap()
        }
        path => {
            let names = request.headers().iter();
            let heard = names.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
            let mut heard: Vec<String> = heard.collect();
            heard.sort();
            let query = request.uri().query().unwrap_or("");
            let method = request.method().as_str();
            json(json!({"method": method, "path": path, "query": query, "heard": heard}))
        }
    }
}

async fn read(client: &mut Client, path: &str, headers: &[(&str, &str)]) -> Value {
    let (code, text) = client.get(path, headers).await;
    assert_eq!(code, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_request_is_passed_on_in_the_name_of_its_caller() {
    let world = World::new();
    let behind = Behind::start(&world).await;
    behind.register(&world).await;
    let mut admin = world.admin().await;
    let smuggled = [
        ("x-remote-user", "root"),
        ("x_remote_group", "everybody"),
        ("connection", "x-remote-group"),
        ("authorization", "Bearer secret"),
        ("impersonate-user", "jane"),
        ("impersonate-group", "system:masters"),
    ];
    let got = read(&mut admin, &format!("{FLUNDERS}?limit=5"), &smuggled).await;
    assert_eq!(got["path"], FLUNDERS);
    assert_eq!(got["query"], "limit=5");
    let heard = json!([
        "host: api.default.svc",
        "x-remote-group: system:authenticated",
        "x-remote-group: system:masters",
        "x-remote-user: jane",
    ]);
    assert_eq!(got["heard"], heard);
    let mut stranger = world.stranger().await;
    let (code, text) = stranger.get(FLUNDERS, &[]).await;
    assert_eq!(code, 403);
    assert!(
        text.contains("cannot list resource \\\"flunders\\\""),
        "{text}"
    );
}

#[tokio::test]
async fn what_another_server_serves_is_told_with_our_own() {
    let world = World::new();
    let behind = Behind::start(&world).await;
    behind.register(&world).await;
    let mut admin = world.admin().await;
    let groups = read(&mut admin, "/apis", &[]).await.to_string();
    assert!(groups.contains("example.com/v1"), "{groups}");
    let all = read(&mut admin, "/apis", &[("accept", TOGETHER)])
        .await
        .to_string();
    assert!(all.contains("\"resource\":\"flunders\""), "{all}");
    let index = read(&mut admin, "/openapi/v3", &[]).await;
    let place = index["paths"]["apis/example.com/v1"]["serverRelativeURL"].clone();
    let schema = read(&mut admin, place.as_str().unwrap(), &[]).await;
    assert_eq!(schema["own"], true);
    let second = read(&mut admin, "/openapi/v2", &[]).await;
    assert_eq!(second["definitions"]["Flunder"]["type"], "object");
    assert!(second["definitions"]["io.k8s.api.core.v1.Pod"].is_object());
}

#[tokio::test]
async fn a_server_that_is_gone_holds_nobody_up() {
    let world = World::new();
    let behind = Behind::start(&world).await;
    behind.register(&world).await;
    behind.serving.abort();
    behind.serving.await.unwrap_err();
    let mut admin = world.admin().await;
    let (code, text) = admin.get(FLUNDERS, &[]).await;
    assert_eq!(code, 503, "{text}");
    assert!(text.contains("error trying to reach service"), "{text}");
    let why = told(&world, |status, _| status == "False").await;
    assert!(
        why.starts_with("FailedDiscoveryCheck: failing or missing response from"),
        "{why}"
    );
    let (code, text) = admin.get(FLUNDERS, &[]).await;
    assert_eq!(code, 503, "{text}");
    assert!(
        text.contains("cannot be asked: FailedDiscoveryCheck"),
        "{text}"
    );
    let all = read(&mut admin, "/apis", &[("accept", TOGETHER)])
        .await
        .to_string();
    assert!(all.contains("\"freshness\":\"Stale\""), "{all}");
    assert!(all.contains("\"resource\":\"flunders\""), "{all}");
    let place = "/api/v1/namespaces/default/services/api";
    admin.expect(200, "DELETE", place, &json!({})).await;
    let why = told(&world, |_, reason| reason == "ServiceNotFound").await;
    assert!(
        why.contains("service/api in \"default\" is not present"),
        "{why}"
    );
    let place = "/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com";
    admin.expect(200, "DELETE", place, &json!({})).await;
    assert_eq!(admin.get(FLUNDERS, &[]).await.0, 404);
}

#[tokio::test]
async fn another_protocol_is_spoken_through_us() {
    let world = World::new();
    let behind = Behind::start(&world).await;
    behind.register(&world).await;
    let mut admin = world.admin().await;
    let request = Request::get(FLUNDERS)
        .header("host", "localhost")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket");
    let answer = admin.send(request.body(Full::default()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    let raw = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    let mut socket = WebSocketStream::from_raw_socket(raw, Role::Client, None).await;
    socket.send(Message::text("hello")).await.unwrap();
    let said = socket.next().await.unwrap().unwrap();
    assert_eq!(said.to_text().unwrap(), "hello");
}
