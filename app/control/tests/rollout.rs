//! A whole control plane on a real journal: what a user applies becomes pods.

#![expect(
    clippy::unwrap_used,
    reason = "a test says what failed by where it panicked"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use gantry_api::{Caller, GroupResource, ObjectKey};
use gantry_client::{Api, requests};
use gantry_control::{Control, ControlConfig};
use gantry_registry::request::{Request, Verb};
use gantry_registry::settings::{Admission, Ipv4Range};
use serde_json::{Value, json};

fn config(data_dir: &std::path::Path) -> ControlConfig {
    ControlConfig {
        data_dir: data_dir.to_owned(),
        etcd: None,
        sealer: None,
        candidate: None,
        patience: None,
        advertise: IpAddr::V4(Ipv4Addr::new(10, 244, 0, 1)),
        port: 6443,
        further_names: Vec::new(),
        service_range: Ipv4Range {
            first: Ipv4Addr::new(10, 96, 0, 0),
            prefix: 16,
        },
        node_ports: 30_000..=32_767,
        admission: Admission::default(),
        authn: gantry_control::AuthnConfig::default(),
        version: "v1.35.0".to_owned(),
    }
}

fn at(resource: &str, group: &str, name: &str) -> ObjectKey {
    ObjectKey::new(GroupResource::new(group, resource), "default", name)
}

async fn create(api: &Arc<dyn Api>, key: &ObjectKey, object: Value) {
    let mut request = requests::request(Verb::Create, key, "v1");
    request.body = requests::body(&object);
    api.call(request).await.unwrap();
}

/// Follows pods until `enough` of them satisfy `wanted`.
async fn pods(api: &Arc<dyn Api>, enough: usize, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let list = || requests::request(Verb::List, &at("pods", "", ""), "v1");
    let mut watch: Request = requests::request(Verb::Watch, &at("pods", "", ""), "v1");
    watch.options.timeout_seconds = Some(20);
    let mut frames = api.watch(watch).await.unwrap();
    loop {
        let answer: Value = requests::decode(&api.call(list()).await.unwrap()).unwrap();
        let found = answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|pod| wanted(pod))
            .cloned()
            .collect::<Vec<_>>();
        if found.len() >= enough {
            return found;
        }
        frames.next().await.expect("the pods came in time");
    }
}

#[tokio::test]
async fn a_deployment_becomes_pods_that_say_why_they_wait() {
    let dir = tempfile::tempdir().unwrap();
    let mut control = Control::open(config(dir.path()), drop).await.unwrap();
    control.start_controllers();
    let api = control.api(Caller::authenticated("admin", &["system:masters"]), "test");
    let template = json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "nginx"}]},
    });
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    });
    account(&api).await;
    create(&api, &at("deployments", "apps", ""), deployment).await;
    let refused = |pod: &Value| {
        pod["status"]["conditions"][0]["message"] == "no nodes available to schedule pods"
    };
    let pods = pods(&api, 3, refused).await;
    assert_eq!(
        pods[0]["metadata"]["ownerReferences"][0]["kind"],
        "ReplicaSet"
    );
    tokio::time::timeout(Duration::from_secs(5), control.stop())
        .await
        .unwrap();
}

/// Waits for the default service account, which pods need.
async fn account(api: &Arc<dyn Api>) {
    let watch = requests::request(Verb::Watch, &at("serviceaccounts", "", ""), "v1");
    let mut frames = api.watch(watch).await.unwrap();
    frames.next().await.expect("the account is made");
}
