//! A webhook of the suite's own, for admission and for conversion, on threads of this process. What it does is said by the
//! path that it is asked at.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_base::ignore;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// How long a connection may be silent, the one that is left hanging too.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running webhook, ended with the value.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) port: u16,
    authority: String,
    ends: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

impl Webhook {
    /// Starts one whose certificate is good for loopback and for `names`.
    pub(crate) fn start(names: &[&str]) -> Result<Self> {
        let names = names.iter().map(|name| (*name).to_owned());
        let names: Vec<String> = names.chain(["127.0.0.1".to_owned()]).collect();
        let made = rcgen::generate_simple_self_signed(names)?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))?;
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let port = listener.local_addr()?.port();
        let ends = Arc::new(AtomicBool::new(false));
        let (config, ended) = (Arc::new(config), Arc::clone(&ends));
        let serving = thread::spawn(move || serve(&listener, &config, &ended));
        Ok(Self {
            port,
            authority: made.cert.pem(),
            ends,
            serving: Some(serving),
        })
    }

    /// The URL at which it does something.
    pub(crate) fn url(&self, deed: &str) -> String {
        format!("https://127.0.0.1:{}/{deed}", self.port)
    }

    /// Its authority, as configurations carry it.
    pub(crate) fn bundle(&self) -> String {
        STANDARD.encode(&self.authority)
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        ignore(
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)),
            "it only wakes whoever accepts",
        );
        if let Some(serving) = self.serving.take() {
            ignore(serving.join(), "a test that failed is told elsewhere");
        }
    }
}

fn serve(listener: &TcpListener, config: &Arc<ServerConfig>, ended: &AtomicBool) {
    while let Ok((stream, _)) = listener.accept() {
        if ended.load(Ordering::SeqCst) {
            return;
        }
        let config = Arc::clone(config);
        thread::spawn(move || ignore(answer(stream, config), "the asker is told what it sees"));
    }
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(ServerConnection::new(config)?, stream);
    let (deed, review) = question(&mut stream)?;
    let uid = &review["request"]["uid"];
    if deed == "convert" {
        return say(&mut stream, &converted(&review["request"]));
    }
    let response = match deed.as_str() {
        "hang" => {
            // Until the other side gives up.
            stream.read_exact(&mut [0])?;
            return Ok(());
        }
        "label" => {
            let patch =
                json!([{"op": "add", "path": "/metadata/labels", "value": {"seen": "yes"}}]);
            json!({"uid": uid, "allowed": true, "patchType": "JSONPatch",
                "patch": STANDARD.encode(patch.to_string())})
        }
        _ => json!({"uid": uid, "allowed": false, "status": {"message": "not on a Monday"}}),
    };
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": response});
    say(&mut stream, &review)
}

/// The objects in the version that is asked for: `v1` has a port and a host where `v1alpha1` has
/// both in one text.
fn converted(request: &Value) -> Value {
    let to = &request["desiredAPIVersion"];
    let mut objects = request["objects"].clone();
    for object in objects.as_array_mut().into_iter().flatten() {
        let is_old = to.as_str().is_some_and(|to| to.ends_with("/v1alpha1"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let spec = if is_old {
            let (host, port) = (text(&object["spec"]["host"]), &object["spec"]["port"]);
            json!({"hostPort": format!("{host}:{port}")})
        } else {
            let both = text(&object["spec"]["hostPort"]);
            let (host, port) = both.split_once(':').unwrap_or((&both, "0"));
            json!({"host": host, "port": port.parse::<i64>().unwrap_or_default()})
        };
        object["spec"] = spec;
        object["apiVersion"] = to.clone();
    }
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview", "response": {
        "uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": objects}})
}

fn say(stream: &mut StreamOwned<ServerConnection, TcpStream>, review: &Value) -> Result<()> {
    let body = review.to_string();
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(())
}

/// What it is asked to do, and about what.
fn question(stream: &mut impl Read) -> Result<(String, Value)> {
    let mut read = Vec::new();
    loop {
        let mut some = [0; 4096];
        let count = stream.read(&mut some)?;
        read.extend_from_slice(&some[..count]);
        let text = String::from_utf8_lossy(&read);
        let parts = text.split_once("\r\n\r\n");
        let body = parts.map(|(head, body)| (head, serde_json::from_str(body)));
        if let Some((head, Ok(review))) = body {
            let path = head.split([' ', '?']).nth(1).context("read the path")?;
            return Ok((path.trim_start_matches('/').to_owned(), review));
        }
        if count == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}
