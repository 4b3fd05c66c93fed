//! The whole front over TLS: who may in, what they are told, and conversations in both protocols.

mod aggregate;
mod audit;
mod encodings;
mod fair;
mod published;
mod refused;
mod revoked;
mod world;

use futures_util::{SinkExt, StreamExt};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::spdy::peer::{Frame, Headers, Peer};
use world::{Client, World};

const POD: &str = "/api/v1/namespaces/default/pods/web";

#[tokio::test]
async fn who_asks_decides_what_is_answered() {
    let world = World::new();
    let mut admin = world.admin().await;
    assert_eq!(admin.get("/livez", &[]).await, (200, "ok".to_owned()));
    let (code, text) = admin.get("/version", &[]).await;
    assert_eq!(
        (code, text.contains("\"minor\":\"35\"")),
        (200, true),
        "{text}"
    );
    assert_eq!(admin.get("/nowhere", &[]).await.0, 404);
    assert_eq!(
        admin
            .get("/api/v1/pods", &[("accept", "text/html")])
            .await
            .0,
        406
    );

    let mut stranger = world.stranger().await;
    let (code, text) = stranger.get("/api/v1/nodes", &[]).await;
    assert_eq!(code, 403);
    assert!(
        text.contains("User \\\"stranger\\\" cannot list resource"),
        "{text}"
    );
    let as_stranger = [("impersonate-user", "stranger")];
    assert_eq!(admin.get("/api/v1/nodes", &as_stranger).await.0, 403);
    let only_group = [("impersonate-group", "system:masters")];
    assert_eq!(admin.get("/api/v1/nodes", &only_group).await.0, 400);
    let as_admin = [
        ("impersonate-user", "admin"),
        ("impersonate-group", "system:masters"),
    ];
    assert_eq!(stranger.get("/api/v1/nodes", &as_admin).await.0, 403);
}

#[tokio::test]
async fn a_stopping_server_ends_its_watches() {
    let world = World::new();
    let mut admin = world.admin().await;
    let request = Request::get("/api/v1/nodes?watch=true").header("host", "localhost");
    let watch = admin.send(request.body(Full::default()).unwrap()).await;
    assert_eq!(watch.status(), 200);
    world.stop.send(()).unwrap();
    world.server.await.unwrap();
    drop(watch.into_body().collect().await);
}

#[tokio::test]
async fn a_log_is_read_and_its_absence_explained() {
    let world = World::with_pod().await;
    let mut admin = world.admin().await;
    assert_eq!(
        admin.get(&format!("{POD}/log"), &[]).await,
        (200, "web\nc\n".to_owned())
    );
    let (code, text) = admin.get(&format!("{POD}/log?container=x"), &[]).await;
    assert_eq!(
        (code, text.contains("container x is not valid for pod web")),
        (400, true)
    );
    let (code, text) = admin.get(&format!("{POD}/log?previous=true"), &[]).await;
    assert_eq!(
        (code, text.contains("previous terminated container")),
        (400, true)
    );
    let (code, text) = admin
        .get(&format!("{POD}/exec?command=sh&stdout=true"), &[])
        .await;
    assert_eq!(
        (code, text.contains("Upgrade request required")),
        (400, true),
        "{text}"
    );
    assert_eq!(
        world
            .stranger()
            .await
            .get(&format!("{POD}/log"), &[])
            .await
            .0,
        403
    );
}

/// Leaves HTTP for what `headers` name, on the path `part` of the pod.
async fn upgrade(
    client: Client,
    method: &str,
    part: &str,
    headers: &[(&str, &str)],
) -> TokioIo<hyper::upgrade::Upgraded> {
    upgrade_at(client, method, &format!("{POD}/{part}"), headers).await
}

/// Leaves HTTP for what `headers` name, on `path`.
async fn upgrade_at(
    mut client: Client,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> TokioIo<hyper::upgrade::Upgraded> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers
        .iter()
        .chain(&[("host", "localhost"), ("connection", "Upgrade")])
    {
        request = request.header(*name, *value);
    }
    let response = client.send(request.body(Full::default()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    TokioIo::new(hyper::upgrade::on(response).await.unwrap())
}

const EXEC: &str = "exec?command=sh&command=-c&stdin=true&stdout=true";

#[tokio::test]
async fn a_program_talks_over_websocket_and_tells_its_exit_code() {
    let world = World::with_pod().await;
    let headers = [
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "v5.channel.k8s.io"),
    ];
    let raw = upgrade(world.admin().await, "GET", EXEC, &headers).await;
    let mut socket = WebSocketStream::from_raw_socket(raw, Role::Client, None).await;
    socket.send(Message::binary(&b"\0hello"[..])).await.unwrap();
    socket.send(Message::binary(vec![255, 0])).await.unwrap();
    let (mut said, mut status) = (Vec::new(), Value::Null);
    while let Some(Ok(message)) = socket.next().await {
        match message.into_data().split_first() {
            Some((1, bytes)) => said.extend_from_slice(bytes),
            Some((3, bytes)) => status = serde_json::from_slice(bytes).unwrap(),
            Some(_) | None => break,
        }
    }
    assert_eq!(String::from_utf8(said).unwrap(), "sh -c heard hello");
    assert_eq!(status["details"]["causes"][0]["message"], "3");
}

fn syn(id: u32, headers: &[(&str, &str)]) -> Frame {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let headers = Headers(headers.iter().map(own).collect());
    Frame::SynStream {
        id,
        fin: false,
        headers,
    }
}

fn data(id: u32, fin: bool, bytes: &'static str) -> Frame {
    Frame::Data {
        id,
        fin,
        bytes: bytes.into(),
    }
}

/// All that arrives on a stream until all of `ids` have ended.
async fn heard<T>(peer: &mut Peer<T>, mut ids: Vec<u32>, wanted: u32) -> String
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut heard = Vec::new();
    while !ids.is_empty() {
        if let Frame::Data { id, fin, bytes } = peer.receive().await.unwrap() {
            if id == wanted {
                heard.extend_from_slice(&bytes);
            }
            ids.retain(|open| !(fin && *open == id));
        }
    }
    String::from_utf8(heard).unwrap()
}

const SPDY: (&str, &str) = ("upgrade", "SPDY/3.1");

#[tokio::test]
async fn a_program_talks_over_spdy_and_tells_its_exit_code() {
    let world = World::with_pod().await;
    let headers = [SPDY, ("x-stream-protocol-version", "v4.channel.k8s.io")];
    let mut peer = Peer::new(upgrade(world.admin().await, "POST", EXEC, &headers).await);
    peer.send(syn(1, &[("streamtype", "error")])).await;
    peer.send(syn(3, &[("streamtype", "stdin")])).await;
    peer.send(syn(5, &[("streamtype", "stdout")])).await;
    peer.send(data(3, true, "hello")).await;
    assert_eq!(heard(&mut peer, vec![5], 5).await, "sh -c heard hello");
    let status: Value = serde_json::from_str(&heard(&mut peer, vec![1], 1).await).unwrap();
    assert_eq!(status["reason"], "NonZeroExitCode");
    assert_eq!(
        peer.receive().await,
        None,
        "the server closes once all is said"
    );
}

#[tokio::test]
async fn ports_are_forwarded_each_by_a_pair_of_streams() {
    let world = World::with_pod().await;
    let headers = [SPDY, ("x-stream-protocol-version", "portforward.k8s.io")];
    let raw = upgrade(world.admin().await, "POST", "portforward", &headers).await;
    let mut peer = Peer::new(raw);
    for (id, kind, number) in [
        (1, "error", "0"),
        (3, "data", "0"),
        (5, "error", "1"),
        (7, "data", "1"),
    ] {
        let headers = [("streamtype", kind), ("port", "80"), ("requestid", number)];
        peer.send(syn(id, &headers)).await;
    }
    peer.send(data(7, true, "b")).await;
    assert_eq!(heard(&mut peer, vec![5, 7], 7).await, "80 heard b");
    peer.send(data(3, true, "a")).await;
    assert_eq!(heard(&mut peer, vec![1, 3], 3).await, "80 heard a");
}
