//! A small issuer of the tests' own: a document, keys that turn, and tokens of every odd kind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PublicKeyData};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use gantry_access::authn::Issuer;
use gantry_access::authn::issuer::Flags;
use gantry_base::Timestamp;
use gantry_gateway::{Authenticator, Clock, Pending};
use gantry_pki::{ISSUER, Pki, ServerNames, TokenKey};
use gantry_store::{MemoryStore, Store};

use super::now;
use crate::{Authn, Config, Ground, WebhookConfig};

/// A key that signs for nobody but these tests.
const RSA: &str = include_str!("issuer/rsa.pem");
const RSA_MODULUS: &str = include_str!("issuer/modulus.txt");
const RSA_PUBLIC: &str = include_str!("issuer/rsa.pub");

/// A clock whose ticks a test moves.
#[derive(Debug, Default)]
struct Hand(Mutex<Duration>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        now()
    }

    fn ticks(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, _duration: Duration) -> Pending<'static, ()> {
        Box::pin(std::future::pending())
    }
}

/// What is served, by path, and what was asked for.
#[derive(Debug, Default)]
struct Pages {
    pages: Mutex<BTreeMap<String, String>>,
    asked: Mutex<Vec<String>>,
}

/// An issuer, and a server that believes it.
struct World {
    _dir: tempfile::TempDir,
    url: String,
    pages: Arc<Pages>,
    clock: Arc<Hand>,
    authn: Authn,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let names = ServerNames {
            service_address: "10.96.0.1".parse().unwrap(),
            addresses: Vec::new(),
            extra: Vec::new(),
        };
        let pki = Pki::open(&dir.path().join("pki"), names, Timestamp::now()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("https://localhost:{port}");
        let mut tls = Arc::unwrap_or_clone(pki.server_config().unwrap());
        tls.alpn_protocols.clear();
        let pages = Arc::new(Pages::default());
        tokio::spawn(serve(
            listener,
            TlsAcceptor::from(Arc::new(tls)),
            Arc::clone(&pages),
        ));
        let issuer = Issuer::from_flags(&Flags {
            issuer_url: url.clone(),
            client_id: "cluster".to_owned(),
            username_prefix: Some("-".to_owned()),
            algorithms: vec!["RS256".to_owned(), "ES256".to_owned()],
            authority: Some(pki.ca_pem().to_owned()),
            ..Flags::default()
        });
        let webhook = dir.path().join("webhook");
        let entry = gantry_client::kubeconfig::Entry {
            name: "webhook".to_owned(),
            server: format!("{url}/review"),
            authority: pki.ca_pem().as_bytes().to_vec(),
            certificate: Vec::new(),
            key: Vec::new(),
        };
        let mut text = gantry_client::kubeconfig::text(&entry);
        text = text.replace("client-certificate-data: \"\"", "token: ours");
        text = text.replace("client-key-data: \"\"", "x: y");
        std::fs::write(&webhook, text).unwrap();
        let clock = Arc::new(Hand::default());
        let store = MemoryStore::default();
        let ground = Ground {
            key: Arc::new(TokenKey::create().unwrap()),
            snapshot: Box::new(move || store.snapshot()),
            clock: Arc::clone(&clock) as _,
        };
        let config = Config {
            issuers: vec![issuer.unwrap()],
            webhook: Some(WebhookConfig {
                file: webhook,
                version: "v1".to_owned(),
                age: Duration::from_secs(60),
            }),
            ..Config::default()
        };
        let world = Self {
            _dir: dir,
            pages,
            clock,
            authn: Authn::new(ground, config).unwrap(),
            url,
        };
        let document = json!({"issuer": world.url, "jwks_uri": format!("{}/keys", world.url)});
        world.show("/.well-known/openid-configuration", &document);
        world
    }

    fn show(&self, path: &str, page: &Value) {
        let mut pages = self.pages.pages.lock().unwrap();
        pages.insert(path.to_owned(), page.to_string());
    }

    fn show_keys(&self, keys: &[&Value]) {
        self.show("/keys", &json!({"keys": keys}));
    }

    fn wait(&self, seconds: u64) {
        *self.clock.0.lock().unwrap() += Duration::from_secs(seconds);
    }

    fn asked(&self, path: &str) -> usize {
        let asked = self.pages.asked.lock().unwrap();
        asked.iter().filter(|own| *own == path).count()
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.url, "aud": "cluster", "sub": "jane",
            "exp": now().as_second() + 600,
        })
    }

    async fn ask(&self, token: &str) -> Result<String, String> {
        let found = self.authn.authenticate(token, &[]).await;
        found.map(|found| found.caller.user)
    }
}

/// Answers each connection once.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor, pages: Arc<Pages>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = acceptor.accept(stream).await else {
            continue;
        };
        let mut head = Vec::new();
        let mut some = [0; 1024];
        while !head.windows(4).any(|four| four == b"\r\n\r\n") {
            let count = stream.read(&mut some).await.unwrap();
            if count == 0 {
                break;
            }
            head.extend_from_slice(&some[..count]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let page = pages.pages.lock().unwrap().get(&path).cloned();
        pages.asked.lock().unwrap().push(path);
        let (line, page) = page.map_or(("404 Not Found", String::new()), |page| ("200 OK", page));
        let answer = format!(
            "HTTP/1.1 {line}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
            page.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
}

/// A key of the issuer and what it publishes of it.
struct Key {
    sign: EncodingKey,
    public: Value,
    algorithm: Algorithm,
}

impl Key {
    fn rsa() -> Self {
        Self {
            sign: EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap(),
            public: json!({
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rsa",
                "n": RSA_MODULUS.trim(), "e": "AQAB",
            }),
            algorithm: Algorithm::RS256,
        }
    }

    fn ec(id: &str) -> Self {
        let pair = KeyPair::generate().unwrap();
        let point = pair.der_bytes();
        let coordinate = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        Self {
            sign: EncodingKey::from_ec_der(pair.serialized_der()),
            public: json!({
                "kty": "EC", "crv": "P-256", "kid": id,
                "x": coordinate(&point[1..33]), "y": coordinate(&point[33..]),
            }),
            algorithm: Algorithm::ES256,
        }
    }

    fn token(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = self.public["kid"].as_str().map(str::to_owned);
        jsonwebtoken::encode(&header, claims, &self.sign).unwrap()
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

#[tokio::test]
async fn a_token_of_an_issuer_counts() {
    let world = World::new().await;
    let (rsa, ec) = (Key::rsa(), Key::ec("a"));
    world.show_keys(&[&rsa.public, &ec.public]);
    for key in [&rsa, &ec] {
        let token = key.token(&world.claims());
        assert_eq!(world.ask(&token).await.unwrap(), "jane");
    }
    assert_eq!(world.asked("/keys"), 1, "keys are kept");
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let world = World::new().await;
    let rsa = Key::rsa();
    world.show_keys(&[&rsa.public]);
    let claims = world.claims();
    for algorithm in ["none", "None", "NONE", ""] {
        let header = json!({"alg": algorithm, "kid": "rsa"});
        let token = format!("{}.", unsigned(&header, &claims));
        assert!(world.ask(&token).await.is_err(), "{algorithm}");
    }
}

#[tokio::test]
async fn a_token_signed_with_the_public_key_as_a_secret_is_refused() {
    let world = World::new().await;
    let rsa = Key::rsa();
    world.show_keys(&[&rsa.public]);
    for secret in [RSA_PUBLIC, RSA_PUBLIC.trim(), RSA_MODULUS.trim()] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("rsa".to_owned());
        let key = EncodingKey::from_secret(secret.as_bytes());
        let token = jsonwebtoken::encode(&header, &world.claims(), &key).unwrap();
        let refused = world.ask(&token).await.unwrap_err();
        assert_eq!(refused, "accept the token: it is signed with HS256");
    }
}

#[tokio::test]
async fn a_secret_among_the_published_keys_signs_nothing() {
    let world = World::new().await;
    let secret = json!({"kty": "oct", "kid": "o", "k": URL_SAFE_NO_PAD.encode("secret")});
    world.show_keys(&[&secret]);
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("o".to_owned());
    let key = EncodingKey::from_secret(b"secret");
    let token = jsonwebtoken::encode(&header, &world.claims(), &key).unwrap();
    assert!(world.ask(&token).await.is_err());
}

#[tokio::test]
async fn a_key_for_one_algorithm_signs_by_no_other() {
    let world = World::new().await;
    let mut key = Key::rsa();
    key.algorithm = Algorithm::RS512;
    world.show_keys(&[&key.public]);
    let refused = world.ask(&key.token(&world.claims())).await.unwrap_err();
    assert_eq!(refused, "accept the token: it is signed with RS512");
}

#[tokio::test]
async fn a_key_that_nobody_knows_is_asked_for_once_in_a_while() {
    let world = World::new().await;
    let (old, new) = (Key::ec("old"), Key::ec("new"));
    world.show_keys(&[&old.public]);
    let claims = world.claims();
    assert!(world.ask(&old.token(&claims)).await.is_ok());
    for _ in 0..3 {
        let refused = world.ask(&new.token(&claims)).await.unwrap_err();
        assert_eq!(refused, "accept the token: nobody knows its key \"new\"");
    }
    assert_eq!(world.asked("/keys"), 1, "not more often than that");
    world.show_keys(&[&new.public]);
    world.wait(10);
    assert!(
        world.ask(&new.token(&claims)).await.is_ok(),
        "keys have turned"
    );
    assert!(
        world.ask(&old.token(&claims)).await.is_err(),
        "the old one is withdrawn"
    );
    assert_eq!(world.asked("/keys"), 2);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_counts_for_an_hour_at_most() {
    let world = World::new().await;
    let key = Key::ec("a");
    world.show_keys(&[&key.public]);
    let token = key.token(&world.claims());
    assert!(world.ask(&token).await.is_ok());
    world.show_keys(&[]);
    world.wait(3599);
    assert!(world.ask(&token).await.is_ok());
    world.wait(1);
    assert!(world.ask(&token).await.is_err());
}

#[tokio::test]
async fn a_forged_token_of_an_issuer_is_refused() {
    let world = World::new().await;
    let (key, mut other) = (Key::ec("a"), Key::ec("a"));
    world.show_keys(&[&key.public]);
    let refused = world.ask(&other.token(&world.claims())).await.unwrap_err();
    assert_eq!(refused, "accept the token: its signature is wrong");
    other.public["kid"] = Value::Null;
    assert!(world.ask(&other.token(&world.claims())).await.is_err());
    let mut claims = world.claims();
    claims["exp"] = json!(now().as_second());
    let refused = world.ask(&key.token(&claims)).await.unwrap_err();
    assert_eq!(refused, "accept the token: token has expired");
}

#[tokio::test]
async fn an_issuer_that_speaks_for_another_is_not_believed() {
    let world = World::new().await;
    let key = Key::ec("a");
    world.show_keys(&[&key.public]);
    let document = json!({"issuer": "https://x", "jwks_uri": format!("{}/keys", world.url)});
    world.show("/.well-known/openid-configuration", &document);
    let token = key.token(&world.claims());
    let refused = world.ask(&token).await.unwrap_err();
    assert!(refused.contains("it speaks for"), "{refused}");
    let document = json!({"issuer": world.url, "jwks_uri": "http://localhost/keys"});
    world.show("/.well-known/openid-configuration", &document);
    world.wait(10);
    let refused = world.ask(&token).await.unwrap_err();
    assert!(refused.contains("expected https://"), "{refused}");
}

#[tokio::test]
async fn a_token_of_an_issuer_is_for_this_server_alone() {
    let world = World::new().await;
    let key = Key::ec("a");
    world.show_keys(&[&key.public]);
    let token = key.token(&world.claims());
    let ours = [ISSUER.to_owned(), "x".to_owned()];
    let found = world.authn.authenticate(&token, &ours).await.unwrap();
    assert_eq!(found.audiences, [ISSUER]);
    assert!(
        world
            .authn
            .authenticate(&token, &["x".to_owned()])
            .await
            .is_err()
    );
}

#[tokio::test]
async fn who_is_asked_about_tokens_is_asked_once_a_minute() {
    let world = World::new().await;
    let review = |user: &str| json!({"kind": "TokenReview", "status": {"authenticated": true, "user": {"username": user}}});
    let failed = world.ask("opaque").await.unwrap_err();
    assert!(failed.starts_with("ask the token webhook: "), "{failed}");
    world.show("/review", &review("john"));
    assert_eq!(
        world.ask("opaque").await.unwrap(),
        "john",
        "a failure is not remembered"
    );
    world.show("/review", &review("jack"));
    world.wait(59);
    assert_eq!(world.ask("opaque").await.unwrap(), "john");
    assert_eq!(world.ask("other").await.unwrap(), "jack");
    world.wait(1);
    assert_eq!(world.ask("opaque").await.unwrap(), "jack");
    assert_eq!(world.asked("/review"), 4);
}

#[tokio::test]
async fn what_the_cluster_signed_is_shown_to_nobody_outside() {
    let world = World::new().await;
    let claims = json!({"iss": ISSUER, "sub": "system:serviceaccount:a:b", "aud": [ISSUER]});
    let token = Key::ec("a").token(&claims);
    assert!(world.ask(&token).await.is_err());
    assert_eq!(world.asked("/review"), 0);
}
