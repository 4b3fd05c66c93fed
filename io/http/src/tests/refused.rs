//! What cannot be meant or read is refused, each with the Status that clients know.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::Value;

use super::POD;
use super::world::{Client, World};
use crate::limits::BODY_BYTES;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const JSON: &str = "application/json";
const PROTO: &str = "application/vnd.kubernetes.protobuf";
const OPERATIONS: &str = "application/json-patch+json";

/// The code and the reason of a Status, and words of its message.
type Refusal = (u16, &'static str, &'static str);

/// Sends a request, and asserts that it is refused with a Status of this code and reason whose
/// message holds these words.
async fn check(
    client: &mut Client,
    (method, path): (&str, &str),
    (content_type, body): (&str, &[u8]),
    (code, reason, words): Refusal,
) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("content-type", content_type)
        .body(Full::from(Bytes::copy_from_slice(body)));
    let response = client.send(request.unwrap()).await;
    let told = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let status: Value = serde_json::from_slice(&body).unwrap();
    let found = [&status["kind"], &status["status"], &status["reason"]];
    assert_eq!(
        found,
        ["Status", "Failure", reason],
        "{method} {path}: {status}"
    );
    assert_eq!(
        (told, &status["code"]),
        (code, &Value::from(code)),
        "{method} {path}"
    );
    let message = status["message"].as_str().unwrap();
    assert!(message.contains(words), "{method} {path}: {message}");
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let deep = [&b"{\"data\":"[..], &b"[".repeat(2000)].concat();
    let nested = [b"{\"x\":".repeat(2000), b"1".to_vec(), b"}".repeat(2000)].concat();
    let long = vec![b' '; BODY_BYTES + 1];
    let bad = |words| (400, "BadRequest", words);
    let cases: &[(&str, &[u8], Refusal)] = &[
        (JSON, b"{", bad("could not read the body")),
        (JSON, b"", bad("has no body")),
        (JSON, b"[]", bad("ConfigMap")),
        (JSON, b"{\"data\":{\"a\":\"\xff\"}}", bad("UTF-8")),
        (JSON, b"{\"metadata\":[]}", bad("metadata")),
        (
            JSON,
            b"{\"metadata\":{\"generation\":1e999}}",
            bad("number"),
        ),
        (
            JSON,
            b"{\"metadata\":{\"generation\":99999999999999999999}}",
            bad("generation"),
        ),
        (
            JSON,
            b"{\"metadata\":{\"generation\":1.5}}",
            bad("generation"),
        ),
        (JSON, &deep, bad("deep")),
        (JSON, &nested, bad("deep")),
        (JSON, b"{\"kind\":\"Secret\"}", bad("does not match")),
        (PROTO, b"k8s", bad("could not read the body")),
        (
            PROTO,
            b"k8s\0\xff\xff\xff\xff",
            bad("could not read the body"),
        ),
        ("application/yaml", b"a: [", bad("could not read the body")),
        (
            JSON,
            &long,
            (413, "RequestEntityTooLarge", "limit is 3145728"),
        ),
        ("text/html", b"{}", (415, "UnsupportedMediaType", JSON)),
    ];
    let world = World::with_pod().await;
    for (content_type, body, refusal) in cases {
        let mut admin = world.admin().await;
        let content = (*content_type, *body);
        check(&mut admin, ("POST", MAPS), content, *refusal).await;
    }
}

#[tokio::test]
async fn keys_that_come_twice_when_that_is_not_allowed() {
    let world = World::with_pod().await;
    let mut admin = world.admin().await;
    let strict = ("POST", &*format!("{MAPS}?fieldValidation=Strict"));
    let twice = b"{\"metadata\":{\"name\":\"m\"},\"data\":{\"a\":\"1\",\"a\":\"2\"},\"x\":1}";
    let words = "strict decoding error: unknown field \"x\", duplicate field \"data.a\"";
    check(
        &mut admin,
        strict,
        (JSON, twice),
        (400, "BadRequest", words),
    )
    .await;
}

#[tokio::test]
async fn paths_and_methods_that_lead_nowhere() {
    let absent = (404, "NotFound", "could not find the requested resource");
    let forbidden = (405, "MethodNotAllowed", "does not allow this method");
    let cases = [
        ("GET", "/nowhere", absent),
        ("GET", "/api/v2/pods", absent),
        ("GET", "/api/v1/namespaces/default/gadgets", absent),
        ("GET", "/apis/nothing/v1/things", absent),
        ("GET", "/api/v1/configmaps/a", absent),
        ("GET", "/api/v1/namespaces/default/pods/web/nothing", absent),
        ("GET", "/api/v1/namespaces/default/nodes", absent),
        ("PUT", MAPS, forbidden),
        ("PATCH", MAPS, forbidden),
        ("PROPFIND", MAPS, forbidden),
        ("POST", "/api/v1/configmaps", forbidden),
        ("POST", "/version", forbidden),
        ("DELETE", "/api/v1/namespaces", forbidden),
        (
            "GET",
            "/api/v1/namespaces/default/pods/absent",
            (404, "NotFound", "pods \"absent\" not found"),
        ),
    ];
    let world = World::with_pod().await;
    let mut admin = world.admin().await;
    for (method, path, refusal) in cases {
        check(&mut admin, (method, path), (JSON, b"{}"), refusal).await;
    }
}

#[tokio::test]
async fn queries_that_cannot_be_meant() {
    let bad = |words| (400, "BadRequest", words);
    let invalid = |words| (422, "Invalid", words);
    let cases = [
        ("GET", "pods?labelSelector=a+in+(b", bad("labelSelector")),
        ("GET", "pods?labelSelector=a%3D%FF", bad("labelSelector")),
        (
            "GET",
            "pods?fieldSelector=spec.x%3D1",
            bad("field label not supported: spec.x"),
        ),
        ("GET", "pods?limit=many", bad("limit")),
        ("GET", "pods?continue=junk", bad("continue")),
        ("GET", "pods?resourceVersion=junk", bad("resource version")),
        ("GET", "pods?resourceVersion=-1", bad("resource version")),
        (
            "GET",
            "pods?watch=true&resourceVersion=junk",
            bad("resource version"),
        ),
        (
            "GET",
            "pods?resourceVersionMatch=Exact",
            invalid("resourceVersionMatch"),
        ),
        (
            "GET",
            "pods?watch=true&sendInitialEvents=true",
            invalid("resourceVersionMatch"),
        ),
        ("POST", "namespaces?dryRun=Some", invalid("dryRun")),
        (
            "POST",
            "namespaces?fieldValidation=Some",
            invalid("fieldValidation"),
        ),
    ];
    let world = World::with_pod().await;
    let mut admin = world.admin().await;
    for (method, path, refusal) in cases {
        let path = format!("/api/v1/{path}");
        check(&mut admin, (method, &path), (JSON, b"{}"), refusal).await;
    }
}

#[tokio::test]
async fn patches_that_cannot_be_applied() {
    let world = World::with_pod().await;
    let mut admin = world.admin().await;
    let patch = ("PATCH", POD);
    let cases: &[(&str, &[u8], Refusal)] = &[
        (
            JSON,
            b"{}",
            (415, "UnsupportedMediaType", "merge-patch+json"),
        ),
        (OPERATIONS, b"{}", (400, "BadRequest", "")),
        (
            OPERATIONS,
            b"[{\"op\":\"jump\",\"path\":\"/a\"}]",
            (400, "BadRequest", "jump"),
        ),
        (
            OPERATIONS,
            b"[{\"op\":\"replace\",\"path\":\"/spec/x/y\",\"value\":1}]",
            (422, "Invalid", "/spec/x/y"),
        ),
        (
            OPERATIONS,
            b"[{\"op\":\"test\",\"path\":\"/metadata/name\",\"value\":\"other\"}]",
            (422, "Invalid", "/metadata/name"),
        ),
        (
            "application/merge-patch+json",
            b"[",
            (400, "BadRequest", ""),
        ),
        (
            "application/apply-patch+yaml",
            b"{}",
            (422, "Invalid", "fieldManager"),
        ),
    ];
    for (content_type, body, refusal) in cases {
        check(&mut admin, patch, (content_type, body), *refusal).await;
    }
}

#[tokio::test]
async fn what_nobody_can_read_and_who_nobody_knows() {
    let world = World::new();
    let told = |answer: (u16, String)| {
        let status: Value = serde_json::from_str(&answer.1).unwrap();
        (answer.0, status["reason"].as_str().unwrap().to_owned())
    };
    let nodes = "/api/v1/nodes";
    let html = [("accept", "text/html")];
    let answer = world.admin().await.get(nodes, &html).await;
    assert_eq!(told(answer), (406, "NotAcceptable".to_owned()));
    let mut nobody = world.nobody().await;
    for token in ["Bearer junk", "Bearer a.b.c"] {
        let answer = nobody.get(nodes, &[("authorization", token)]).await;
        assert_eq!(told(answer), (401, "Unauthorized".to_owned()));
    }
    assert_eq!(
        told(nobody.get(nodes, &[]).await),
        (403, "Forbidden".to_owned())
    );
}
