use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::UnixListener;

use super::wire::{
    DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, StatusResponse,
};
use super::*;

/// A plug-in as others write them: it speaks gRPC, and its key is a number.
#[derive(Clone, Debug)]
struct Vault(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    key_id: String,
    healthz: String,
    decrypted: u32,
}

impl Vault {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            key_id: "1".to_owned(),
            healthz: "ok".to_owned(),
            decrypted: 0,
        })))
    }

    fn set(&self, key_id: &str, healthz: &str) {
        let mut state = self.0.lock().unwrap();
        state.key_id = key_id.to_owned();
        state.healthz = healthz.to_owned();
    }

    fn decrypted(&self) -> u32 {
        self.0.lock().unwrap().decrypted
    }

    /// Listens until the returned set is dropped.
    fn listen(&self, path: &Path) -> tokio::task::JoinSet<()> {
        let listener = UnixListener::bind(path).unwrap();
        let vault = self.clone();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let vault = vault.clone();
                connections.spawn(async move {
                    let service =
                        service_fn(move |request: http::Request<hyper::body::Incoming>| {
                            let vault = vault.clone();
                            async move {
                                let path = request.uri().path().to_owned();
                                let body = request.into_body().collect().await?.to_bytes();
                                Ok::<_, hyper::Error>(framed(&vault.answer(&path, &body[5..])))
                            }
                        });
                    let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    let served = builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                    gantry_base::ignore(served, "the other side goes as it likes");
                });
            }
        });
        tasks
    }

    fn answer(&self, path: &str, message: &[u8]) -> Vec<u8> {
        let mut state = self.0.lock().unwrap();
        match path {
            "/v2.KeyManagementService/Status" => StatusResponse {
                version: "v2".to_owned(),
                healthz: state.healthz.clone(),
                key_id: state.key_id.clone(),
            }
            .encode_to_vec(),
            "/v2.KeyManagementService/Encrypt" => {
                let asked = EncryptRequest::decode(message).unwrap();
                EncryptResponse {
                    ciphertext: turned(&asked.plaintext, &state.key_id),
                    key_id: state.key_id.clone(),
                    annotations: [("a.example".to_owned(), b"b".to_vec())].into(),
                }
                .encode_to_vec()
            }
            "/v2.KeyManagementService/Decrypt" => {
                let asked = DecryptRequest::decode(message).unwrap();
                assert_eq!(asked.annotations["a.example"], b"b");
                state.decrypted += 1;
                DecryptResponse {
                    plaintext: turned(&asked.ciphertext, &asked.key_id),
                }
                .encode_to_vec()
            }
            other => panic!("{other} is no call of a plug-in"),
        }
    }
}

fn turned(text: &[u8], key_id: &str) -> Vec<u8> {
    let number: u8 = key_id.parse().unwrap();
    text.iter().map(|byte| byte ^ number).collect()
}

type Body = http_body_util::combinators::BoxBody<Bytes, std::convert::Infallible>;

fn framed(message: &[u8]) -> http::Response<Body> {
    let length = u32::try_from(message.len()).unwrap();
    let data = [&[0], &length.to_be_bytes()[..], message].concat();
    let trailers = http::HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        http::HeaderValue::from_static("0"),
    )]);
    let frames = [Frame::data(Bytes::from(data)), Frame::trailers(trailers)];
    let body = StreamBody::new(tokio_stream::iter(frames.map(Ok)));
    http::Response::builder()
        .header("content-type", "application/grpc")
        .body(BodyExt::boxed(body))
        .unwrap()
}

fn plug_in(path: &Path) -> PlugIn {
    PlugIn {
        name: "vault".to_owned(),
        endpoint: format!("unix://{}", path.display()),
        timeout: Duration::from_secs(20),
    }
}

/// The thread's part, to be asked step by step.
fn keeper(path: &Path) -> Keeper {
    Keeper {
        rpc: Rpc::new(&plug_in(path)),
        plug_in: plug_in(path),
        shared: Arc::default(),
    }
}

#[tokio::test]
async fn a_new_key_of_the_plug_ins_makes_a_new_one_of_ours() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.sock");
    let vault = Vault::new();
    let _listening = vault.listen(&path);
    let keeper = keeper(&path);
    let current = || keeper.shared.current.load_full().unwrap();
    assert!(keeper.look().await);
    let first = current();
    assert!(keeper.look().await);
    assert_eq!(first.header, current().header, "nothing changed");
    vault.set("2", "ok");
    assert!(keeper.look().await);
    assert_eq!(
        (first.key_id.as_str(), current().key_id.as_str()),
        ("1", "2")
    );
    assert_ne!(first.seed, current().seed);
}

#[tokio::test]
async fn a_plug_in_that_is_not_well_is_named_and_its_last_key_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.sock");
    let keeper = keeper(&path);
    assert!(!keeper.look().await, "nobody listens");
    assert!(keeper.shared.current.load().is_none());
    let vault = Vault::new();
    let _listening = vault.listen(&path);
    assert!(keeper.look().await);
    vault.set("1", "sealed shut");
    assert!(!keeper.look().await);
    let trouble = keeper.shared.health.load().trouble.clone().unwrap();
    assert!(
        trouble.contains("sealed shut") && trouble.contains("vault"),
        "{trouble}"
    );
    assert!(keeper.shared.current.load().is_some());
    assert!(keeper.shared.health.load().well.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_asked_for_once_and_opened_without_the_plug_in_from_then_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.sock");
    let vault = Vault::new();
    let listening = vault.listen(&path);
    let kms = || tokio::task::block_in_place(|| Kms::start(plug_in(&path)).unwrap());
    let (header, seed) = kms().current().unwrap();
    let (By::PlugIn { wrapped, .. }, ..) = envelope::read(&header).unwrap() else {
        panic!("it is sealed by a plug-in");
    };
    let another_life = kms();
    let unwrap = || tokio::task::block_in_place(|| another_life.unwrap(&wrapped));
    assert_eq!(unwrap().unwrap(), seed);
    assert_eq!(unwrap().unwrap(), seed);
    assert_eq!(vault.decrypted(), 1);
    drop(listening);
    assert_eq!(unwrap().unwrap(), seed);
    let other = Wrapped {
        key_id: "9".to_owned(),
        ..wrapped.clone()
    };
    let refused = tokio::task::block_in_place(|| another_life.unwrap(&other));
    assert!(refused.is_err(), "nobody is there to open it");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_plug_in_nothing_is_sealed_and_the_reason_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vault.sock");
    let kms = tokio::task::block_in_place(|| Kms::start(plug_in(&path)).unwrap());
    let refused = kms.current().unwrap_err().to_string();
    assert!(refused.contains("\"vault\""), "{refused}");
    assert!(kms.trouble().is_some());
}
