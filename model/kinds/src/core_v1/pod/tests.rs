//! What a pod gets, what it may not be, and how it is shown.

use expect_test::expect;
use serde_json::{Value, json};

use super::Pods;
use crate::testing::{check_create, check_defaults, check_row, check_update, created};

fn with(container: Value) -> Value {
    let mut fields = json!({ "name": "main", "image": "nginx:1" });
    fields
        .as_object_mut()
        .unwrap()
        .extend(container.as_object().unwrap().clone());
    json!({ "spec": { "containers": [fields] } })
}

#[test]
fn a_small_pod_gets_the_rest() {
    let pod = json!({ "spec": { "containers": [{
        "name": "main",
        "image": "nginx",
        "resources": { "limits": { "cpu": "1000m", "memory": "1024Mi" } },
        "ports": [{ "containerPort": 80 }],
        "livenessProbe": { "httpGet": { "port": 80 } },
    }], "volumes": [{ "name": "scratch" }] } });
    check_defaults::<Pods>(pod, &expect![[]]);
}

#[test]
fn a_pod_says_all_that_is_wrong_with_it() {
    let pod = json!({ "spec": {
        "restartPolicy": "Sometimes",
        "containers": [
            { "name": "Main", "image": "" },
            { "name": "b", "image": "x", "ports": [
                { "containerPort": 70000, "hostPort": 80 },
                { "containerPort": 80, "hostPort": 80, "name": "much-too-long-a-name" },
            ] },
            { "name": "b", "image": "x", "volumeMounts": [{ "name": "none", "mountPath": "/x" }] },
        ],
    } });
    check_create::<Pods>(pod, &expect![[]]);
}

#[test]
fn environment_and_resources_are_checked() {
    let container = json!({
        "env": [
            { "name": "", "value": "x" },
            { "name": "A", "valueFrom": {} },
            { "name": "B", "valueFrom": { "fieldRef": { "fieldPath": "spec.none" } } },
            { "name": "C", "value": "x", "valueFrom": { "secretKeyRef": { "name": "s", "key": "k" } } },
        ],
        "resources": {
            "limits": { "cpu": "1", "memory": "-1" },
            "requests": { "cpu": "2", "disk": "1", "example.com/gpu": "1" },
        },
    });
    check_create::<Pods>(with(container), &expect![[]]);
}

#[test]
fn probes_have_one_handler_and_sane_numbers() {
    let container = json!({
        "livenessProbe": { "successThreshold": 2, "exec": { "command": [] }, "tcpSocket": { "port": 1 } },
        "readinessProbe": { "periodSeconds": -1 },
    });
    check_create::<Pods>(with(container), &expect![[]]);
}

#[test]
fn a_volume_has_one_source() {
    let pod = json!({ "spec": {
        "containers": [{ "name": "a", "image": "x" }],
        "volumes": [
            { "name": "two", "emptyDir": {}, "hostPath": { "path": "/a/../b" } },
            { "name": "two", "secret": {} },
        ],
    } });
    check_create::<Pods>(pod, &expect![[]]);
}

#[test]
fn only_images_and_few_other_fields_may_change() {
    let new = with(json!({ "image": "nginx:2" }));
    check_update::<Pods>(with(json!({})), new, &expect![[]]);
    let new = with(json!({ "command": ["x"] }));
    check_update::<Pods>(with(json!({})), new, &expect![[]]);
    let mut old = with(json!({}));
    old["spec"]["tolerations"] = json!([{ "key": "a", "operator": "Exists" }]);
    check_update::<Pods>(old, with(json!({})), &expect![[]]);
}

#[test]
fn quality_of_service_follows_from_what_is_asked_for() {
    let class = |resources: Value| {
        let pod = created::<Pods>(with(json!({ "resources": resources })));
        pod.text(&["status", "qosClass"]).to_owned()
    };
    assert_eq!(class(json!({})), "BestEffort");
    assert_eq!(class(json!({ "requests": { "cpu": "1" } })), "Burstable");
    assert_eq!(
        class(json!({ "limits": { "cpu": "1", "memory": "1Gi" } })),
        "Guaranteed"
    );
}

fn shown(status: Value) -> Value {
    json!({
        "metadata": { "creationTimestamp": "2026-01-02T03:00:05Z" },
        "spec": { "containers": [{ "name": "a" }, { "name": "b" }], "nodeName": "n1" },
        "status": status,
    })
}

#[test]
fn a_crashing_pod_shows_why_and_how_often() {
    let status = json!({ "phase": "Running", "podIP": "10.244.0.5", "containerStatuses": [
        { "name": "a", "ready": false, "restartCount": 3, "image": "", "imageID": "",
          "state": { "waiting": { "reason": "CrashLoopBackOff" } },
          "lastState": { "terminated": { "exitCode": 1, "finishedAt": "2026-01-02T02:59:05Z" } } },
        { "name": "b", "ready": true, "restartCount": 0, "image": "", "imageID": "",
          "state": { "running": {} } },
    ] });
    check_row::<Pods>(shown(status), &expect![[]]);
}

#[test]
fn a_completed_pod_says_so_beside_its_row() {
    let status = json!({ "phase": "Succeeded", "containerStatuses": [
        { "name": "a", "ready": false, "restartCount": 0, "image": "", "imageID": "",
          "state": { "terminated": { "exitCode": 0, "reason": "Completed" } } },
    ] });
    check_row::<Pods>(shown(status), &expect![[]]);
}

#[test]
fn a_pod_that_initializes_shows_how_far_it_is() {
    let pod = json!({
        "spec": { "containers": [{ "name": "a" }], "initContainers": [{ "name": "i" }, { "name": "j" }] },
        "status": { "phase": "Pending", "initContainerStatuses": [
            { "name": "i", "ready": true, "restartCount": 0, "image": "", "imageID": "",
              "state": { "terminated": { "exitCode": 0 } } },
            { "name": "j", "ready": false, "restartCount": 0, "image": "", "imageID": "",
              "state": { "waiting": { "reason": "PodInitializing" } } },
        ] },
    });
    check_row::<Pods>(pod, &expect![[]]);
}
