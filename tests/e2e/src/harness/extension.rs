//! An API server of the suite's own, on threads of this process: it serves one kind, `Flunder`, and
//! keeps the objects in memory. It believes whoever the header says, as it was told to.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_base::ignore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// How long a connection may be silent, a watch too.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a watch looks whether it should end.
const GLANCE: Duration = Duration::from_millis(100);
const VERSION: &str = "wardle.example.com/v1";

/// A running server, ended with the value.
#[derive(Debug)]
pub(crate) struct Extension {
    pub(crate) port: u16,
    authority: String,
    shared: Arc<Shared>,
    serving: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    ends: AtomicBool,
    kept: Mutex<Kept>,
    changed: Condvar,
}

/// All objects, and what happened to them.
#[derive(Debug, Default)]
struct Kept {
    objects: BTreeMap<(String, String), Value>,
    events: Vec<Value>,
    users: Vec<String>,
    watchers: usize,
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Extension {
    /// Starts one that is called `name`, and talks only with those whom `believed`, an authority in
    /// PEM, vouched for.
    pub(crate) fn start(name: &str, believed: &str) -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()])?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(believed.as_bytes())?)?;
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier.build()?)
            .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))?;
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared::default());
        let (config, own) = (Arc::new(config), Arc::clone(&shared));
        let serving = thread::spawn(move || serve(&listener, &config, &own));
        Ok(Self {
            port,
            authority: made.cert.pem(),
            shared,
            serving: Some(serving),
        })
    }

    /// Its authority, as a registration carries it.
    pub(crate) fn bundle(&self) -> String {
        STANDARD.encode(&self.authority)
    }

    /// How many objects there are.
    pub(crate) fn count(&self) -> usize {
        self.shared.kept().objects.len()
    }

    /// How many watches have begun.
    pub(crate) fn watchers(&self) -> usize {
        self.shared.kept().watchers
    }

    /// Everybody in whose name it was asked.
    pub(crate) fn users(&self) -> Vec<String> {
        self.shared.kept().users.clone()
    }
}

impl Drop for Extension {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        self.shared.changed.notify_all();
        ignore(
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)),
            "it only wakes whoever accepts",
        );
        if let Some(serving) = self.serving.take() {
            ignore(serving.join(), "a test that failed is told elsewhere");
        }
    }
}

fn serve(listener: &TcpListener, config: &Arc<ServerConfig>, shared: &Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept() {
        if shared.ends.load(Ordering::SeqCst) {
            return;
        }
        let (config, shared) = (Arc::clone(config), Arc::clone(shared));
        thread::spawn(move || ignore(answer(stream, config, &shared), "the asker is told"));
    }
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// What was asked.
struct Asked {
    method: String,
    path: String,
    query: String,
    user: String,
    body: Value,
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>, shared: &Shared) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(ServerConnection::new(config)?, stream);
    let asked = asked(&mut stream)?;
    shared.kept().users.push(asked.user.clone());
    let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let (code, body) = match parts.as_slice() {
        ["apis", "wardle.example.com", "v1"] => (200, resources()),
        ["openapi", "v3"] => (200, index()),
        ["openapi", "v3", ..] => (200, schema()),
        ["apis", _, _, "flunders"] => objects(shared, &asked, ("", "")),
        ["apis", _, _, "namespaces", space, "flunders"] if is_watch(&asked) => {
            return watch(&mut stream, shared, space);
        }
        ["apis", _, _, "namespaces", space, "flunders"] => objects(shared, &asked, (space, "")),
        ["apis", _, _, "namespaces", space, "flunders", name] => {
            objects(shared, &asked, (space, name))
        }
        _ => (404, failure(404, "NotFound", "there is nothing here")),
    };
    let text = body.to_string();
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 {code} OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{text}"
    )?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(())
}

fn is_watch(asked: &Asked) -> bool {
    asked
        .query
        .split('&')
        .any(|one| matches!(one, "watch=true" | "watch=1"))
}

fn failure(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "reason": reason, "message": message})
}

fn objects(shared: &Shared, asked: &Asked, (space, name): (&str, &str)) -> (u16, Value) {
    let mut kept = shared.kept();
    let key = (space.to_owned(), name.to_owned());
    let answer = match (asked.method.as_str(), name) {
        ("GET", "") => {
            let own = kept
                .objects
                .iter()
                .filter(|((own, _), _)| space.is_empty() || own == space);
            let items: Vec<Value> = own.map(|(_, object)| object.clone()).collect();
            let revision = kept.events.len().to_string();
            let list = json!({"kind": "FlunderList", "apiVersion": VERSION, "items": items,
                "metadata": {"resourceVersion": revision}});
            (200, list)
        }
        ("GET", _) => match kept.objects.get(&key) {
            Some(object) => (200, object.clone()),
            None => (
                404,
                failure(404, "NotFound", &format!("flunders {name:?} not found")),
            ),
        },
        ("POST", "") => {
            let mut object = asked.body.clone();
            let name = object["metadata"]["name"].as_str().unwrap_or("").to_owned();
            let revision = (kept.events.len() + 1).to_string();
            object["metadata"]["namespace"] = space.into();
            object["metadata"]["uid"] = format!("uid-{revision}").into();
            object["metadata"]["resourceVersion"] = revision.into();
            object["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
            kept.events.push(json!({"type": "ADDED", "object": object}));
            kept.objects
                .insert((space.to_owned(), name), object.clone());
            (201, object)
        }
        ("DELETE", "") => {
            kept.objects.retain(|(own, _), _| own != space);
            (
                200,
                json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}),
            )
        }
        ("DELETE", _) => match kept.objects.remove(&key) {
            Some(object) => {
                kept.events
                    .push(json!({"type": "DELETED", "object": object}));
                (
                    200,
                    json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}),
                )
            }
            None => (
                404,
                failure(404, "NotFound", &format!("flunders {name:?} not found")),
            ),
        },
        _ => (405, failure(405, "MethodNotAllowed", "that cannot be done")),
    };
    drop(kept);
    shared.changed.notify_all();
    answer
}

/// Tells what happened from now on, until the other side is gone.
fn watch(stream: &mut Tls, shared: &Shared, space: &str) -> Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
    )?;
    stream.flush()?;
    let mut kept = shared.kept();
    kept.watchers += 1;
    let mut told = kept.events.len();
    while !shared.ends.load(Ordering::SeqCst) {
        let fresh: Vec<Value> = kept.events[told..].to_vec();
        told = kept.events.len();
        drop(kept);
        for event in fresh
            .iter()
            .filter(|own| own["object"]["metadata"]["namespace"] == space)
        {
            writeln!(stream, "{event}")?;
            stream.flush()?;
        }
        let waited = shared.changed.wait_timeout(shared.kept(), GLANCE);
        kept = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    Ok(())
}

fn resources() -> Value {
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": VERSION,
        "resources": [{"name": "flunders", "singularName": "flunder", "namespaced": true,
            "kind": "Flunder", "shortNames": ["fl"],
            "verbs": ["create", "delete", "deletecollection", "get", "list", "watch"]}],
    })
}

fn index() -> Value {
    json!({"paths": {"apis/wardle.example.com/v1": {
        "serverRelativeURL": "/openapi/v3/apis/wardle.example.com/v1?hash=1"}}})
}

fn schema() -> Value {
    let kind = json!([{"group": "wardle.example.com", "version": "v1", "kind": "Flunder"}]);
    let text = |what: &str| json!({"type": "string", "description": what});
    let parameter = json!({"name": "fieldValidation", "in": "query", "schema": {"type": "string"}});
    let operation = json!({"parameters": [parameter], "responses": {},
        "x-kubernetes-group-version-kind": kind[0]});
    json!({
        "openapi": "3.0.0", "info": {"title": "wardle", "version": "1"},
        "paths": {"/apis/wardle.example.com/v1/namespaces/{namespace}/flunders/{name}": {
            "patch": operation}},
        "components": {"schemas": {"com.example.wardle.v1.Flunder": {
            "type": "object", "description": "A flunder is of no use.",
            "x-kubernetes-group-version-kind": kind,
            "properties": {"apiVersion": text("Its version."), "kind": text("Its kind."),
                "metadata": {"type": "object"},
                "spec": {"type": "object", "description": "What is wanted.",
                    "properties": {"reference": text("Whom it refers to.")}}},
        }}},
    })
}

fn asked(stream: &mut impl Read) -> Result<Asked> {
    let mut read = Vec::new();
    loop {
        let mut some = [0; 4096];
        let count = stream.read(&mut some)?;
        read.extend_from_slice(&some[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            anyhow::ensure!(count > 0, "read the whole head");
            continue;
        };
        let header = |name: &str| {
            let lines = head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(": "));
            let mut own = lines.filter(|(own, _)| own.eq_ignore_ascii_case(name));
            own.next()
                .map(|(_, value)| value.to_owned())
                .unwrap_or_default()
        };
        let body = match header("transfer-encoding").as_str() {
            "chunked" if !body.contains("0\r\n\r\n") => continue,
            "chunked" => joined(body),
            _ if body.len() < header("content-length").parse().unwrap_or(0) => continue,
            _ => body.to_owned(),
        };
        let target = head.split(' ').nth(1).context("read the target")?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        return Ok(Asked {
            method: head.split(' ').next().unwrap_or("").to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            user: header("x-remote-user"),
            body: serde_json::from_str(&body).unwrap_or_default(),
        });
    }
}

/// The text of a body that came in chunks.
fn joined(mut chunks: &str) -> String {
    let mut text = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 || rest.len() < size {
            break;
        }
        text.push_str(&rest[..size]);
        chunks = rest[size..].trim_start_matches("\r\n");
    }
    text
}
