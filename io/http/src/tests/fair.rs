//! Requests wait for their turn, and root's own lane waits for nobody.

use std::os::unix::net::UnixListener;

use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use super::world::{Client, World};
use crate::Lane;

const FLOWS: &str = "/apis/flowcontrol.apiserver.k8s.io/v1";

/// A level with one seat that lets nobody wait, and a schema that sends everybody there.
async fn crowd(admin: &mut Client) {
    let level = json!({"apiVersion": "flowcontrol.apiserver.k8s.io/v1",
        "kind": "PriorityLevelConfiguration", "metadata": {"name": "crowd"},
        "spec": {"type": "Limited", "limited": {
            "nominalConcurrencyShares": 1, "limitResponse": {"type": "Reject"}}}});
    let path = format!("{FLOWS}/prioritylevelconfigurations");
    admin.expect(201, "POST", &path, &level).await;
    let rules = json!([{"subjects": [{"kind": "Group", "group": {"name": "system:authenticated"}}],
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"],
            "namespaces": ["*"], "clusterScope": true}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}]}]);
    let schema = json!({"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema",
        "metadata": {"name": "crowd"}, "spec": {"matchingPrecedence": 5,
            "priorityLevelConfiguration": {"name": "crowd"}, "rules": rules}});
    admin
        .expect(201, "POST", &format!("{FLOWS}/flowschemas"), &schema)
        .await;
}

async fn uid(admin: &mut Client, path: &str) -> String {
    let (code, text) = admin.get(path, &[]).await;
    assert_eq!(code, 200, "{text}");
    let object: Value = serde_json::from_str(&text).unwrap();
    object["metadata"]["uid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_answer_says_which_schema_and_level_its_request_belonged_to() {
    let world = World::new();
    let mut admin = world.admin().await;
    crowd(&mut admin).await;
    let schema = uid(&mut admin, &format!("{FLOWS}/flowschemas/crowd")).await;
    let path = format!("{FLOWS}/prioritylevelconfigurations/crowd");
    let level = uid(&mut admin, &path).await;
    let mut stranger = world.stranger().await;
    for path in ["/version", "/api/v1/pods"] {
        let request = Request::get(path).header("host", "localhost");
        let answer = stranger.send(request.body(Full::default()).unwrap()).await;
        let shown = |name| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(shown("x-kubernetes-pf-flowschema-uid"), schema, "{path}");
        assert_eq!(shown("x-kubernetes-pf-prioritylevel-uid"), level, "{path}");
        answer.into_body().collect().await.unwrap();
    }
    let (_, metrics) = admin.get("/metrics", &[]).await;
    let counted = "apiserver_flowcontrol_dispatched_requests_total{priority_level=\"crowd\",flow_schema=\"crowd\"}";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(
        metrics.contains("apiserver_flowcontrol_nominal_limit_seats{priority_level=\"crowd\"}")
    );
}

#[tokio::test]
async fn roots_lane_has_all_rights_and_no_webhook_can_refuse_what_comes_over_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("root.sock");
    let listener = UnixListener::bind(&path).unwrap();
    listener.set_nonblocking(true).unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&path).unwrap());
    let world = World::with_lane(Lane { listener, owner });
    let mut admin = world.admin().await;
    let hook = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "locked"},
        "webhooks": [{"name": "locked.example.com", "failurePolicy": "Fail", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:1/no"},
            "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"],
                "resources": ["*"]}]}]});
    let hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    admin.expect(201, "POST", hooks, &hook).await;
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}});
    admin
        .expect(500, "POST", "/api/v1/namespaces", &space)
        .await;
    let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut root = Client::over(sender);
    root.expect(201, "POST", "/api/v1/namespaces", &space).await;
    let (code, text) = root.get("/api/v1/namespaces/x", &[]).await;
    assert_eq!(code, 200, "{text}");
}
