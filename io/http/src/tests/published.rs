//! What is published has a mark by which clients know that they have it already.

use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use serde_json::Value;

use super::world::{Client, World};

const TOGETHER: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const JSON: &str = "application/json";
const PROTO: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/// What a path is answered: the code, the headers and the body.
async fn read(
    client: &mut Client,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, HeaderMap, Vec<u8>) {
    let mut request = Request::get(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.send(request.body(Full::default()).unwrap()).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status.as_u16(), parts.headers, body.to_vec())
}

/// The mark of what a path is answered.
async fn mark(client: &mut Client, path: &str, accept: &str) -> String {
    let (code, headers, body) = read(client, path, &[("accept", accept)]).await;
    assert_eq!((code, body.is_empty()), (200, false), "{path}");
    headers["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_has_it_is_not_sent_it_again() {
    let world = World::new();
    let mut admin = world.admin().await;
    for (path, accept) in [
        ("/api", TOGETHER),
        ("/apis", TOGETHER),
        ("/openapi/v2", JSON),
        ("/openapi/v2", PROTO),
        ("/openapi/v3", JSON),
        ("/openapi/v3/apis/apps/v1", JSON),
    ] {
        let known = mark(&mut admin, path, accept).await;
        assert_eq!(mark(&mut admin, path, accept).await, known, "{path}");
        let has = |mark| [("accept", accept), ("if-none-match", mark)];
        let (code, headers, body) = read(&mut admin, path, &has(&known)).await;
        assert_eq!((code, body.len()), (304, 0), "{path}");
        assert_eq!(headers["etag"], known.as_str(), "{path}");
        let (code, _, body) = read(&mut admin, path, &has("\"other\"")).await;
        assert_eq!((code, body.is_empty()), (200, false), "{path}");
    }
}

#[tokio::test]
async fn a_schema_is_called_by_its_hash() {
    let world = World::new();
    let mut admin = world.admin().await;
    let (_, _, index) = read(&mut admin, "/openapi/v3", &[]).await;
    let index: Value = serde_json::from_slice(&index).unwrap();
    let place = index["paths"]["apis/apps/v1"]["serverRelativeURL"]
        .as_str()
        .unwrap();
    let (code, headers, _) = read(&mut admin, place, &[]).await;
    let cache = headers["cache-control"].to_str().unwrap();
    assert_eq!((code, cache), (200, "public, immutable, max-age=31536000"));
    let old = "/openapi/v3/apis/apps/v1?hash=00";
    let (code, headers, _) = read(&mut admin, old, &[]).await;
    assert_eq!((code, &headers["location"]), (301, &place.parse().unwrap()));
}
