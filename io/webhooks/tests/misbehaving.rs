//! A webhook of the tests' own that misbehaves in every way we could think of, asked by the real
//! gateway over real TLS. The path of the URL says what it does.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests need fails them when it is not there"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_api::Caller;
use gantry_base::Timestamp;
use gantry_base::entropy::Seeded;
use gantry_gateway::{Clock, Config, Gateway, NoTokens, Pending, SystemClock};
use gantry_registry::{Body, Format, Request, Resource, Settings, Verb};
use gantry_store::MemoryStore;
use gantry_webhooks::WebhookClient;
use gantry_webhooks::limits::ANSWER_BYTES;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Time that passes when the webhook says so: whoever waits for it to run out waits until a
/// question hangs, and no longer.
#[derive(Clone, Debug)]
struct Impatient {
    inner: SystemClock,
    hangs: Arc<Notify>,
}

impl Clock for Impatient {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn ticks(&self) -> Duration {
        // Nothing is ever given a second chance here.
        Duration::ZERO
    }

    fn sleep(&self, _duration: Duration) -> Pending<'static, ()> {
        let hangs = Arc::clone(&self.hangs);
        Box::pin(async move { hangs.notified().await })
    }
}

/// The webhook, and a gateway that asks it.
struct Lab {
    gateway: Gateway,
    address: SocketAddr,
    authority: String,
    serving: JoinHandle<()>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Lab {
    async fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let authority = made.cert.pem();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let hangs = Arc::new(Notify::new());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let serving = tokio::spawn(serve(listener, acceptor, Arc::clone(&hangs)));
        let clock: Arc<dyn Clock> = Arc::new(Impatient {
            inner: SystemClock::default(),
            hangs,
        });
        let gateway = Gateway::new(
            MemoryStore::default(),
            Config {
                kinds: gantry_kinds::builtin(),
                settings: Settings::default(),
                clock: Arc::clone(&clock),
                entropy: Box::new(Seeded::new(3)),
                signer: Arc::new(NoTokens),
                authenticator: Arc::new(NoTokens),
                messenger: Arc::new(WebhookClient::new(clock)),
            },
        );
        let lab = Self {
            gateway,
            address,
            authority,
            serving,
        };
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "default"}});
        lab.made("v1", "namespaces", None, &namespace).await;
        lab
    }

    async fn create(
        &self,
        (version, plural, namespace): (&str, &str, Option<&str>),
        body: &Value,
    ) -> (u16, Value) {
        let mut request = Request::new(Verb::Create, Resource::new(version, plural));
        request.namespace = namespace.map(str::to_owned);
        self.send(request, Some(body)).await
    }

    async fn send(&self, mut request: Request, body: Option<&Value>) -> (u16, Value) {
        request.caller = Caller::authenticated("admin", &["system:masters"]);
        request.body = body.map(|body| Body {
            bytes: body.to_string().into(),
            format: Format::Json,
        });
        let response = self.gateway.call(request).await;
        let content = response.content.concat();
        (response.code, serde_json::from_slice(&content).unwrap())
    }

    /// Defines a kind whose objects are stored as `v1` and converted to `v2` by a webhook that
    /// behaves like this, and makes one.
    async fn define(&self, behaviour: &str) {
        let version = |name: &str| {
            json!({"name": name, "served": true, "storage": name == "v1",
                "schema": {"openAPIV3Schema": {"type": "object",
                    "x-kubernetes-preserve-unknown-fields": true}}})
        };
        let url = format!("https://{}/{behaviour}", self.address);
        let body = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "gauges.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced",
                "names": {"plural": "gauges", "kind": "Gauge"},
                "versions": [version("v1"), version("v2")],
                "conversion": {"strategy": "Webhook", "webhook": {
                    "conversionReviewVersions": ["v1"],
                    "clientConfig": {"url": url, "caBundle": STANDARD.encode(&self.authority)}}}},
        });
        let place = ("apiextensions.k8s.io/v1", "customresourcedefinitions", None);
        let (_, mut made) = self.create(place, &body).await;
        made["status"]["acceptedNames"] = made["spec"]["names"].clone();
        made["status"]["conditions"] = json!([{"type": "Established", "status": "True",
            "reason": "A", "message": "", "lastTransitionTime": "2026-03-01T10:00:00Z"}]);
        let mut request = Request::new(Verb::Update, Resource::new(place.0, place.1));
        request.name = Some("gauges.example.com".to_owned());
        request.subresource = Some("status".to_owned());
        let (code, answer) = self.send(request, Some(&made)).await;
        assert_eq!(code, 200, "{answer:#}");
        let gauge = json!({"metadata": {"name": "a"}, "spec": {"level": 1}});
        self.made("example.com/v1", "gauges", Some("default"), &gauge)
            .await;
    }

    /// What comes of reading that object in the other version.
    async fn converted(&self) -> String {
        let mut request = Request::new(Verb::Get, Resource::new("example.com/v2", "gauges"));
        request.namespace = Some("default".to_owned());
        request.name = Some("a".to_owned());
        let (code, answer) = self.send(request, None).await;
        match answer["message"].as_str() {
            Some(message) => format!(
                "{code} {}",
                message.replace(&self.address.to_string(), "HOST")
            ),
            None => format!("{code} {}", answer["spec"]),
        }
    }

    /// What a watcher of the other version is told of first.
    async fn watched(&self) -> String {
        let mut request = Request::new(Verb::Watch, Resource::new("example.com/v2", "gauges"));
        request.caller = Caller::authenticated("admin", &["system:masters"]);
        let mut watch = self.gateway.watch(request).await.unwrap();
        let frame = watch.next().await.unwrap();
        let frame: Value = serde_json::from_slice(&frame).unwrap();
        let object = &frame["object"];
        let rest = if frame["type"] == "ERROR" {
            assert_eq!(watch.next().await, None, "the watch goes on");
            object["code"].to_string()
        } else {
            format!("{} {}", object["apiVersion"], object["spec"])
        };
        format!("{} {rest}", frame["type"])
    }

    async fn made(&self, version: &str, plural: &str, namespace: Option<&str>, body: &Value) {
        let (code, answer) = self.create((version, plural, namespace), body).await;
        assert_eq!(code, 201, "{answer:#}");
    }

    /// Configures a webhook that behaves like this.
    async fn configure(&self, behaviour: &str, authority: &str) {
        let url = format!("https://{}/{behaviour}", self.address);
        let body = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "odd"},
            "webhooks": [{
                "name": "odd.hooks.example", "admissionReviewVersions": ["v1"],
                "clientConfig": {"url": url, "caBundle": STANDARD.encode(authority)},
                "sideEffects": "None", "timeoutSeconds": 1,
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                    "resources": ["configmaps"]}],
            }],
        });
        let plural = "mutatingwebhookconfigurations";
        self.made("admissionregistration.k8s.io/v1", plural, None, &body)
            .await;
    }

    /// What comes of making a config map.
    async fn outcome(&self) -> String {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"generateName": "a-"}, "data": {"own": "x"}});
        let place = ("v1", "configmaps", Some("default"));
        let (code, answer) = self.create(place, &map).await;
        match answer["message"].as_str() {
            Some(message) => format!(
                "{code} {}",
                message.replace(&self.address.to_string(), "HOST")
            ),
            None => format!("{code} {}", answer["data"]),
        }
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, hangs: Arc<Notify>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        // Whoever does not believe the certificate goes away; so may others.
        let _gone = answer(stream, &acceptor, &hangs).await;
    }
}

async fn answer(stream: TcpStream, acceptor: &TlsAcceptor, hangs: &Notify) -> std::io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let (path, review) = question(&mut stream).await?;
    let uid = &review["request"]["uid"];
    let said = |response: Value| {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": response})
    };
    let patch = |operations: Value| {
        said(
            json!({"uid": uid, "allowed": true, "patchType": "JSONPatch",
            "patch": STANDARD.encode(operations.to_string())}),
        )
    };
    let converted = |change: fn(&mut Value)| {
        let mut objects = review["request"]["objects"].clone();
        for object in objects.as_array_mut().into_iter().flatten() {
            object["apiVersion"] = review["request"]["desiredAPIVersion"].clone();
            object["spec"]["converted"] = true.into();
        }
        change(&mut objects);
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
            "response": {"uid": uid, "result": {"status": "Success"},
                "convertedObjects": objects}})
        .to_string()
    };
    let body = match path.as_str() {
        "convert" => converted(|_| {}),
        "convert-name" => converted(|objects| objects[0]["metadata"]["name"] = "b".into()),
        "convert-none" => converted(|objects| *objects = json!([])),
        "hang" => {
            hangs.notify_one();
            // Until the other side gives up.
            return stream.read(&mut [0; 1]).await.map(drop);
        }
        "close" => return stream.shutdown().await,
        "half" => {
            let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
            stream.write_all(half).await?;
            return stream.shutdown().await;
        }
        "redirect" => {
            let head = b"HTTP/1.1 302 Found\r\nlocation: /good\r\ncontent-length: 0\r\n\r\n";
            return stream.write_all(head).await;
        }
        "error" => {
            let head = b"HTTP/1.1 500 Oh\r\ncontent-length: 4\r\n\r\nboom";
            return stream.write_all(head).await;
        }
        "missing" => {
            let head = b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n";
            return stream.write_all(head).await;
        }
        "huge" => " ".repeat(ANSWER_BYTES + 1),
        "garbage" => "no JSON".to_owned(),
        "uid" => said(json!({"uid": "other", "allowed": true})).to_string(),
        "kind" => json!({"apiVersion": "v1", "kind": "Pod", "response": {"uid": uid}}).to_string(),
        "bad-patch" => {
            patch(json!([{"op": "test", "path": "/data/own", "value": "y"}])).to_string()
        }
        "invalid" => patch(json!([{"op": "add", "path": "/data/a b", "value": "x"}])).to_string(),
        "teapot" => said(json!({"uid": uid, "allowed": false,
            "status": {"code": 418, "message": "no tea"}}))
        .to_string(),
        "identity" => patch(json!([
            {"op": "replace", "path": "/metadata/uid", "value": "mine"},
            {"op": "replace", "path": "/metadata/namespace", "value": "kube-system"},
        ]))
        .to_string(),
        _ => patch(json!([{"op": "add", "path": "/data/hook", "value": "y"}])).to_string(),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(head.as_bytes()).await?;
    stream.shutdown().await
}

/// Reads one request: the word of its path, and its body.
async fn question(
    stream: &mut tokio_rustls::server::TlsStream<TcpStream>,
) -> std::io::Result<(String, Value)> {
    let mut read = Vec::new();
    loop {
        let mut some = [0; 4096];
        let count = stream.read(&mut some).await?;
        read.extend_from_slice(&some[..count]);
        let text = String::from_utf8_lossy(&read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        if let Ok(review) = serde_json::from_str(body) {
            let path = head.split([' ', '?']).nth(1).unwrap_or_default();
            return Ok((path.trim_start_matches('/').to_owned(), review));
        }
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

const FAILED: &str = "500 Internal error occurred: failed calling webhook \"odd.hooks.example\": ";

/// What comes of asking a webhook that behaves like this.
#[track_caller]
fn check(behaviour: &str, expected: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcome = runtime.block_on(async {
        let lab = Lab::new().await;
        lab.configure(behaviour, &lab.authority).await;
        lab.outcome().await
    });
    assert_eq!(outcome, expected.replace("FAILED ", FAILED));
}

/// The same for one that cannot be understood.
#[track_caller]
fn check_call(behaviour: &str, why: &str) {
    let url = format!("https://HOST/{behaviour}?timeout=1s");
    let failed = format!("FAILED failed to call webhook: Post \"{url}\": {why}");
    check(behaviour, &failed);
}

#[test]
fn one_that_behaves_is_heard() {
    check("good", r#"201 {"hook":"y","own":"x"}"#);
}

#[test]
fn one_that_hangs_is_given_up() {
    check_call("hang", "context deadline exceeded");
}

#[test]
fn one_that_ends_the_connection_has_failed() {
    check_call("close", "EOF: connection closed before message completed");
    check_call(
        "half",
        "EOF: error reading a body from connection: end of file before message length reached",
    );
}

#[test]
fn one_that_sends_elsewhere_is_not_followed() {
    check_call(
        "redirect",
        "the server rejected our request for an unknown reason (HTTP 302)",
    );
}

#[test]
fn one_that_answers_with_an_error_has_failed() {
    check_call(
        "error",
        "an error on the server (\"boom\") has prevented the request from succeeding",
    );
    check_call(
        "missing",
        "the server could not find the requested resource",
    );
}

#[test]
fn one_that_does_not_end_is_cut_off() {
    check_call("huge", "the answer is longer than 3145728 bytes");
}

#[test]
fn one_that_talks_nonsense_has_failed() {
    check(
        "garbage",
        "FAILED failed to call webhook: read the answer: expected ident at line 1 column 2",
    );
    check(
        "kind",
        "FAILED received invalid webhook response: expected webhook response of \
         admission.k8s.io/v1, Kind=AdmissionReview, got v1, Kind=Pod",
    );
}

#[tokio::test]
async fn one_that_answers_somebody_else_has_failed() {
    let lab = Lab::new().await;
    lab.configure("uid", &lab.authority).await;
    let outcome = lab.outcome().await;
    assert!(outcome.starts_with(FAILED), "{outcome}");
    assert!(outcome.ends_with("got \"other\""), "{outcome}");
}

#[test]
fn one_that_changes_what_cannot_be_changed_is_refused() {
    check(
        "bad-patch",
        "500 Internal error occurred: apply the patch of admission webhook \"odd.hooks.example\": \
         apply operation 0 at \"/data/own\": value did not match",
    );
    check(
        "identity",
        "400 the namespace of the provided object does not match the namespace sent on the \
         request: \"kube-system\" is not \"default\"",
    );
}

#[tokio::test]
async fn one_that_makes_something_invalid_is_refused() {
    let lab = Lab::new().await;
    lab.configure("invalid", &lab.authority).await;
    let outcome = lab.outcome().await;
    assert!(outcome.starts_with("422 ConfigMap \"a-"), "{outcome}");
    assert!(outcome.contains("data[a b]: Invalid value"), "{outcome}");
}

#[test]
fn one_that_refuses_chooses_the_code() {
    check(
        "teapot",
        "418 admission webhook \"odd.hooks.example\" denied the request: no tea",
    );
}

#[tokio::test]
async fn one_with_a_certificate_of_somebody_else_is_not_believed() {
    let lab = Lab::new().await;
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    lab.configure("good", &other.cert.pem()).await;
    let outcome = lab.outcome().await;
    assert!(outcome.starts_with(FAILED), "{outcome}");
    assert!(
        outcome.contains("tls: failed to verify certificate: "),
        "{outcome}"
    );
}

#[tokio::test]
async fn one_that_keeps_failing_is_left_alone() {
    let lab = Lab::new().await;
    lab.configure("error", &lab.authority).await;
    for _ in 0..gantry_webhooks::limits::FAILURES {
        let outcome = lab.outcome().await;
        assert!(outcome.contains("(\"boom\")"), "{outcome}");
    }
    let outcome = lab.outcome().await;
    assert!(
        outcome.contains(
            "not asked, because the last 5 calls failed; the next try is in 6s; the last failure: \
             an error on the server (\"boom\")"
        ),
        "{outcome}"
    );
}

/// What comes of reading an object that a webhook converts which behaves like this: once, and in a
/// watch.
#[track_caller]
fn check_converted(behaviour: &str, read: &str, watched: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let lab = Lab::new().await;
        lab.define(behaviour).await;
        let failed =
            "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge";
        assert_eq!(lab.converted().await, read.replace("FAILED", failed));
        assert_eq!(lab.watched().await, watched);
    });
}

#[test]
fn a_converter_that_behaves_is_heard() {
    check_converted(
        "convert",
        r#"200 {"converted":true,"level":1}"#,
        r#""ADDED" "example.com/v2" {"converted":true,"level":1}"#,
    );
}

#[test]
fn a_converter_that_hangs_is_given_up() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcome = runtime.block_on(async {
        let lab = Lab::new().await;
        lab.define("hang").await;
        lab.converted().await
    });
    let expected = "500 Internal error occurred: conversion webhook for example.com/v1, Kind=Gauge \
                    failed: Post \"https://HOST/hang?timeout=30s\": context deadline exceeded";
    assert_eq!(outcome, expected);
}

#[test]
fn a_converter_that_fails_ends_the_watch_and_changes_nothing() {
    for (behaviour, why) in [
        ("close", "EOF: connection closed before message completed"),
        (
            "error",
            "an error on the server (\"boom\") has prevented the request from succeeding",
        ),
        ("huge", "the answer is longer than 3145728 bytes"),
    ] {
        let read = format!("FAILED failed: Post \"https://HOST/{behaviour}?timeout=30s\": {why}");
        check_converted(behaviour, &read, "\"ERROR\" 500");
    }
}

#[test]
fn a_converter_that_returns_something_else_is_not_believed() {
    let wrong = "FAILED returned invalid converted object at index 0: invalid metadata";
    check_converted(
        "convert-name",
        &format!("{wrong}.name (expected a, received b)"),
        "\"ERROR\" 500",
    );
    check_converted(
        "convert-none",
        "FAILED returned 0 objects, expected 1",
        "\"ERROR\" 500",
    );
    check_converted(
        "garbage",
        "FAILED failed: read the answer: expected ident at line 1 column 2",
        "\"ERROR\" 500",
    );
}
