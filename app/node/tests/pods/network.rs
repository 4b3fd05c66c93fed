//! How pods find and reach each other.

use std::time::Instant;

use gantry_api::{GroupResource, ObjectKey};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lab::{Lab, pod};

pub(crate) async fn services_lead_to_ready_pods_by_name_and_by_port(lab: &mut Lab) {
    let serve = "echo hello > /tmp/index.html; httpd -f -p 8080 -h /tmp";
    let mut server = pod("server", serve);
    server["spec"]["containers"][0]["readinessProbe"] =
        json!({"httpGet": {"port": 8080}, "periodSeconds": 1});
    lab.create("pods", server).await;
    let service = lab
        .create(
            "services",
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                "spec": {
                    "type": "NodePort", "selector": {"app": "server"},
                    "ports": [{"port": 80, "targetPort": 8080, "nodePort": 30991}],
                },
            }),
        )
        .await;
    let address = service["spec"]["clusterIP"].as_str().unwrap();
    let ready = |pod: &Value| pod["status"]["containerStatuses"][0]["ready"] == true;
    lab.until("pods", "default", "server", ready).await;
    let begun = Instant::now();
    for target in [
        format!("{address}:80"),
        "127.0.0.1:30991".to_owned(),
        "10.199.0.1:30991".to_owned(),
    ] {
        assert!(fetched(&target).await.ends_with("hello\n"), "{target}");
    }
    println!("reached after {} ms", begun.elapsed().as_millis());
    let ask = format!(
        "nslookup web.default.svc.cluster.local | cat; wget -qO- http://$WEB_SERVICE_HOST/ && \
         nslookup web.default.svc.cluster.local | grep -q {address}"
    );
    let mut client = pod("client", &ask);
    client["spec"]["restartPolicy"] = json!("Never");
    lab.create("pods", client).await;
    let ended =
        |pod: &Value| pod["status"]["phase"] == "Succeeded" || pod["status"]["phase"] == "Failed";
    let client = lab.until("pods", "default", "client", ended).await;
    assert_eq!(client["status"]["phase"], "Succeeded", "{client:#}");
    for name in ["server", "client"] {
        lab.delete("pods", name).await;
        lab.until_gone(name).await;
    }
    lab.delete("services", "web").await;
}

/// What a web server answers. Rules follow readiness within milliseconds, so a few refusals pass.
async fn fetched(target: &str) -> String {
    for _ in 0..200 {
        if let Ok(mut stream) = TcpStream::connect(target).await {
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            return text;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nobody answers at {target}");
}

pub(crate) async fn a_config_map_that_changes_reaches_the_pod(lab: &mut Lab) {
    let map = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "live"}, "data": {"key": value}});
    lab.create("configmaps", map("old")).await;
    let script = "while ! test $(cat /map/key) = new; do sleep 0.05; done";
    let mut watcher = pod("watcher", script);
    watcher["spec"]["restartPolicy"] = json!("Never");
    watcher["spec"]["volumes"] = json!([{"name": "map", "configMap": {"name": "live"}}]);
    watcher["spec"]["containers"][0]["volumeMounts"] =
        json!([{"name": "map", "mountPath": "/map"}]);
    lab.create("pods", watcher).await;
    lab.until("pods", "default", "watcher", |pod| {
        pod["status"]["phase"] == "Running"
    })
    .await;
    let key = ObjectKey::new(GroupResource::new("", "configmaps"), "default", "live");
    lab.update(&key, map("new")).await;
    lab.until("pods", "default", "watcher", |pod| {
        pod["status"]["phase"] == "Succeeded"
    })
    .await;
    lab.delete("pods", "watcher").await;
    lab.until_gone("watcher").await;
}
