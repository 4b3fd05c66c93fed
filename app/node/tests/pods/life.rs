//! Lives of pods, from their creation to their end.

use std::time::Instant;

use serde_json::{Value, json};

use crate::lab::{Lab, pod};

fn phase(wanted: &'static str) -> impl Fn(&Value) -> bool {
    move |pod| pod["status"]["phase"] == wanted
}

fn main_status(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]
}

pub(crate) async fn a_pod_runs_and_is_told_of_and_goes(lab: &mut Lab) {
    let begun = Instant::now();
    lab.create("pods", pod("web", "sleep 1000")).await;
    let running = lab.until("pods", "default", "web", phase("Running")).await;
    println!("running after {} ms", begun.elapsed().as_millis());
    assert!(
        running["status"]["podIP"]
            .as_str()
            .unwrap()
            .starts_with("10.199.0.")
    );
    assert_eq!(main_status(&running)["ready"], true);
    lab.delete("pods", "web").await;
    lab.until_gone("web").await;
    let reasons = lab.reasons("web").await;
    for reason in ["Scheduled", "Pulled", "Created", "Started", "Killing"] {
        assert!(
            reasons.iter().any(|known| known == reason),
            "{reason} is not in {reasons:?}"
        );
    }
}

pub(crate) async fn volumes_and_variables_reach_the_container(lab: &mut Lab) {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map"}, "data": {"key": "value"}});
    lab.create("configmaps", map).await;
    let script = "test \"$KEY $IP\" = \"value $(hostname -i)\" && test $(cat /map/key) = value \
        && touch /empty/x && cat /empty/x && test $(cat /part) = value \
        && test -s /var/run/secrets/kubernetes.io/serviceaccount/token && ls / > /dev/termination-log";
    let mut wanted = pod("mounts", script);
    wanted["spec"]["restartPolicy"] = json!("Never");
    wanted["spec"]["volumes"] = json!([
        {"name": "map", "configMap": {"name": "map"}},
        {"name": "empty", "emptyDir": {"medium": "Memory"}},
    ]);
    let main = &mut wanted["spec"]["containers"][0];
    main["volumeMounts"] = json!([
        {"name": "map", "mountPath": "/map"},
        {"name": "empty", "mountPath": "/empty"},
        {"name": "map", "mountPath": "/part", "subPath": "key"},
    ]);
    main["env"] = json!([
        {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "map", "key": "key"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ]);
    lab.create("pods", wanted).await;
    let ended = |pod: &Value| main_status(pod)["state"].get("terminated").is_some();
    let ended = lab.until("pods", "default", "mounts", ended).await;
    assert_eq!(
        main_status(&ended)["state"]["terminated"]["exitCode"],
        0,
        "{ended:#}"
    );
    assert!(
        main_status(&ended)["state"]["terminated"]["message"]
            .as_str()
            .unwrap()
            .contains("empty")
    );
    lab.delete("pods", "mounts").await;
    lab.until_gone("mounts").await;
}

pub(crate) async fn a_container_that_fails_is_restarted_and_then_waits(lab: &mut Lab) {
    let mut wanted = pod("fails", "echo last words; exit 3");
    wanted["spec"]["containers"][0]["terminationMessagePolicy"] = json!("FallbackToLogsOnError");
    lab.create("pods", wanted).await;
    let waits = |pod: &Value| main_status(pod)["state"]["waiting"]["reason"] == "CrashLoopBackOff";
    let waits = lab.until("pods", "default", "fails", waits).await;
    let last = &main_status(&waits)["lastState"]["terminated"];
    assert_eq!(
        (&last["exitCode"], &last["reason"]),
        (&json!(3), &json!("Error"))
    );
    assert_eq!(last["message"], "last words\n");
    assert_eq!(main_status(&waits)["restartCount"], 1);
    lab.delete("pods", "fails").await;
    lab.until_gone("fails").await;
}

pub(crate) async fn what_is_missing_is_said_and_awaited(lab: &mut Lab) {
    let mut wanted = pod("waits", "sleep 1000");
    wanted["spec"]["containers"][0]["env"] =
        json!([{"name": "X", "valueFrom": {"secretKeyRef": {"name": "late", "key": "x"}}}]);
    lab.create("pods", wanted).await;
    let lacks = |pod: &Value| {
        main_status(pod)["state"]["waiting"]["reason"] == "CreateContainerConfigError"
    };
    let lacks = lab.until("pods", "default", "waits", lacks).await;
    assert_eq!(
        main_status(&lacks)["state"]["waiting"]["message"],
        "secret \"late\" not found"
    );
    lab.create("secrets", json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}, "stringData": {"x": "y"}})).await;
    lab.until("pods", "default", "waits", phase("Running"))
        .await;
    lab.delete("pods", "waits").await;
    let mut refused = pod("refused", "true");
    refused["spec"]["volumes"] = json!([{"name": "data", "nfs": {"server": "s", "path": "/"}}]);
    lab.create("pods", refused).await;
    lab.until_gone("waits").await;
    assert!(
        lab.reasons("refused")
            .await
            .contains(&"Unsupported".to_owned())
    );
    lab.delete("pods", "refused").await;
    lab.until_gone("refused").await;
}

pub(crate) async fn a_pod_outlives_its_agent(lab: &mut Lab) {
    lab.create("pods", pod("stays", "sleep 1000")).await;
    let before = lab
        .until("pods", "default", "stays", phase("Running"))
        .await;
    lab.create("pods", pod("goes", "sleep 1000")).await;
    lab.until("pods", "default", "goes", phase("Running")).await;
    lab.stop_node().await;
    lab.delete("pods", "goes").await;
    lab.start_node().await;
    lab.until_gone("goes").await;
    let after = lab.get("pods", "stays").await.unwrap();
    assert_eq!(before["status"], after["status"]);
    lab.delete("pods", "stays").await;
    lab.until_gone("stays").await;
}

pub(crate) async fn probes_decide_about_readiness(lab: &mut Lab) {
    let mut wanted = pod(
        "probed",
        "sleep 1; echo hello > /tmp/index.html; touch /tmp/up; httpd -f -p 8080 -h /tmp",
    );
    let main = &mut wanted["spec"]["containers"][0];
    main["startupProbe"] = json!({"exec": {"command": ["cat", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 20});
    main["readinessProbe"] =
        json!({"httpGet": {"path": "/index.html", "port": 8080}, "periodSeconds": 1});
    main["livenessProbe"] = json!({"tcpSocket": {"port": 8080}, "periodSeconds": 1});
    lab.create("pods", wanted).await;
    let unready = lab
        .until("pods", "default", "probed", phase("Running"))
        .await;
    assert_eq!(main_status(&unready)["ready"], false);
    lab.until("pods", "default", "probed", |pod| {
        main_status(pod)["ready"] == true
    })
    .await;
    lab.delete("pods", "probed").await;
    lab.until_gone("probed").await;
    assert!(
        lab.reasons("probed")
            .await
            .contains(&"Unhealthy".to_owned())
    );
}

pub(crate) async fn thirty_pods_start_together(lab: &mut Lab) {
    let begun = Instant::now();
    for number in 0..30 {
        lab.create("pods", pod(&format!("many-{number}"), "sleep 1000"))
            .await;
    }
    for number in 0..30 {
        lab.until(
            "pods",
            "default",
            &format!("many-{number}"),
            phase("Running"),
        )
        .await;
    }
    println!("thirty running after {} ms", begun.elapsed().as_millis());
    for number in 0..30 {
        lab.delete("pods", &format!("many-{number}")).await;
    }
    for number in 0..30 {
        lab.until_gone(&format!("many-{number}")).await;
    }
}
