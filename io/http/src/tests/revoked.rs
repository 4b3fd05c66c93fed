//! Certificates that were taken back, on connections that are open.

use http::Request;
use http_body_util::{BodyExt, Full};

use super::world::World;

#[tokio::test]
async fn a_revoked_certificate_is_refused_while_others_count() {
    let world = World::new();
    let (mut admin, mut stranger) = (world.admin().await, world.stranger().await);
    assert_eq!(stranger.get("/version", &[]).await.0, 403);
    world.judge.revoke("stranger");
    assert_eq!(admin.get("/version", &[]).await.0, 200);
    assert_eq!(world.stranger().await.get("/version", &[]).await.0, 401);
}

#[tokio::test]
async fn a_watch_ends_when_the_certificate_is_revoked_that_it_was_opened_with() {
    let world = World::with_pod().await;
    let mut admin = world.admin().await;
    let request = Request::get("/api/v1/pods?watch=true").header("host", "localhost");
    let response = admin.send(request.body(Full::default()).unwrap()).await;
    assert_eq!(response.status(), 200);
    world.judge.revoke("kubernetes-admin");
    // The pod may still be told of; then the connection breaks off.
    assert!(response.into_body().collect().await.is_err());
}
