//! The same objects in every encoding, at once and as they change.

use bytes::Bytes;
use futures_util::StreamExt;
use gantry_registry::Encoding;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::world::{Client, World};
use super::{POD, upgrade_at};

const PROTO: &str = "application/vnd.kubernetes.protobuf";
const PODS: &str = "/api/v1/namespaces/default/pods";

/// What a path is answered in the encoding `accept`: the code, the headers and the body.
async fn read(client: &mut Client, path: &str, accept: &str) -> (u16, HeaderMap, Bytes) {
    let request = Request::get(path)
        .header("host", "localhost")
        .header("accept", accept);
    let response = client.send(request.body(Full::default()).unwrap()).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status.as_u16(), parts.headers, body)
}

/// A path is answered in protobuf with what it is answered in JSON.
async fn check(client: &mut Client, path: &str, code: u16, form: &str) {
    let (_, _, json) = read(client, path, &format!("application/json{form}")).await;
    let (found, headers, proto) = read(client, path, &format!("{PROTO}{form}")).await;
    assert_eq!(
        (found, &headers["content-type"]),
        (code, &PROTO.parse().unwrap()),
        "{path}"
    );
    assert_eq!(proto, Encoding::Protobuf.written(json).unwrap(), "{path}");
}

#[tokio::test]
async fn what_is_answered_in_json_is_answered_in_protobuf() {
    let world = World::with_pod().await;
    let mut admin = world.admin().await;
    check(&mut admin, POD, 200, "").await;
    check(&mut admin, PODS, 200, "").await;
    check(&mut admin, &format!("{PODS}?limit=1"), 200, "").await;
    check(&mut admin, &format!("{PODS}/absent"), 404, "").await;
    check(&mut admin, "/api/v1/namespaces/default/nothings", 404, "").await;
    check(
        &mut admin,
        &format!("{PODS}?watch=true&resourceVersion=x"),
        400,
        "",
    )
    .await;
    check(&mut admin, "/apis", 200, "").await;
    check(&mut admin, "/api/v1", 200, "").await;
    let metadata = ";as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    check(&mut admin, POD, 200, metadata).await;
    check(&mut admin, PODS, 200, metadata).await;
}

#[tokio::test]
async fn an_object_is_written_in_protobuf_and_answered_so() {
    let world = World::with_pod().await;
    let mut admin = world.admin().await;
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}});
    let body = Encoding::Protobuf
        .written(object.to_string().into())
        .unwrap();
    let request = Request::post("/api/v1/namespaces/default/configmaps")
        .header("host", "localhost")
        .header("content-type", PROTO)
        .header("accept", format!("{PROTO}, */*"));
    let response = admin.send(request.body(Full::from(body)).unwrap()).await;
    let (parts, body) = response.into_parts();
    assert_eq!(
        (parts.status.as_u16(), &parts.headers["content-type"]),
        (201, &PROTO.parse().unwrap())
    );
    let made = body.collect().await.unwrap().to_bytes();
    let path = "/api/v1/namespaces/default/configmaps/c";
    let (_, _, json) = read(&mut admin, path, "application/json").await;
    assert_eq!(made, Encoding::Protobuf.written(json).unwrap());
}

#[tokio::test]
async fn people_may_read_yaml_and_indented_json() {
    let world = World::with_pod().await;
    let mut admin = world.admin().await;
    let (code, headers, body) = read(&mut admin, POD, "application/yaml").await;
    assert_eq!(
        (code, &headers["content-type"]),
        (200, &"application/yaml".parse().unwrap())
    );
    assert!(
        body.starts_with(b"apiVersion: v1\nkind: Pod\nmetadata:\n"),
        "{body:?}"
    );
    let (_, _, body) = read(&mut admin, &format!("{POD}?pretty=true"), "*/*").await;
    assert!(
        body.starts_with(b"{\n  \"apiVersion\": \"v1\",\n"),
        "{body:?}"
    );
}

#[tokio::test]
async fn what_nobody_can_answer_is_refused_with_what_can_be() {
    let world = World::with_pod().await;
    let mut admin = world.admin().await;
    let (code, headers, body) = read(&mut admin, POD, "text/html").await;
    assert_eq!(
        (code, &headers["content-type"]),
        (406, &"application/json".parse().unwrap())
    );
    let status: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        status["message"],
        "only the following media types are accepted: application/json, application/yaml, \
         application/vnd.kubernetes.protobuf"
    );
    assert_eq!(
        read(
            &mut admin,
            &format!("{PODS}?watch=true"),
            "application/yaml"
        )
        .await
        .0,
        406
    );
}

/// The watch that `accept` asks for: its type and the beginning of what it tells.
async fn watched(world: &World, accept: &str) -> (String, Bytes) {
    let request = Request::get(format!("{PODS}?watch=true"))
        .header("host", "localhost")
        .header("accept", accept);
    let mut admin = world.admin().await;
    let watch = admin.send(request.body(Full::default()).unwrap()).await;
    let content_type = watch.headers()["content-type"].to_str().unwrap().to_owned();
    let frame = watch.into_body().frame().await.unwrap().unwrap();
    (content_type, frame.into_data().unwrap())
}

#[tokio::test]
async fn a_watch_tells_the_same_in_both_encodings() {
    let world = World::with_pod().await;
    let (content_type, json) = watched(&world, "application/json").await;
    assert_eq!(content_type, "application/json");
    let event: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(event["type"], "ADDED");
    let object = Encoding::Protobuf
        .written(event["object"].to_string().into())
        .unwrap();

    let (content_type, frame) = watched(&world, PROTO).await;
    assert_eq!(
        content_type,
        "application/vnd.kubernetes.protobuf;stream=watch"
    );
    let (length, event) = frame.split_first_chunk().unwrap();
    assert_eq!(
        usize::try_from(u32::from_be_bytes(*length)),
        Ok(event.len())
    );
    assert!(event.starts_with(b"\x0a\x05ADDED\x12"));
    assert!(event.ends_with(&object));
}

#[tokio::test]
async fn a_watch_goes_over_websocket_too() {
    let world = World::with_pod().await;
    let first = async |accept: &str| {
        let headers = [
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "binary.k8s.io"),
            ("accept", accept),
        ];
        let path = format!("{PODS}?watch=true");
        let raw = upgrade_at(world.admin().await, "GET", &path, &headers).await;
        let mut socket = WebSocketStream::from_raw_socket(raw, Role::Client, None).await;
        socket.next().await.unwrap().unwrap()
    };
    let (_, json) = watched(&world, "application/json").await;
    let (_, proto) = watched(&world, PROTO).await;
    let text = std::str::from_utf8(&json).unwrap();
    assert_eq!(first("application/json").await, Message::text(text));
    assert_eq!(first(PROTO).await, Message::binary(proto.slice(4..)));
}
