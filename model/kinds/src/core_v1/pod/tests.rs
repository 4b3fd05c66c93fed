//! What a pod gets, what it may not be, and how it is shown.

use expect_test::expect;
use gantry_api::field_error::FieldErrors;
use serde_json::{Value, json};

use super::Pods;
use crate::describe;
use crate::testing::{
    check_create, check_defaults, check_row, check_status, check_update, created, object, told,
    warnings,
};

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
    check_defaults::<Pods>(
        pod,
        &expect![[r#"
        spec.containers[0].imagePullPolicy = "Always"
        spec.containers[0].livenessProbe.failureThreshold = 3
        spec.containers[0].livenessProbe.httpGet.path = "/"
        spec.containers[0].livenessProbe.httpGet.scheme = "HTTP"
        spec.containers[0].livenessProbe.periodSeconds = 10
        spec.containers[0].livenessProbe.successThreshold = 1
        spec.containers[0].livenessProbe.timeoutSeconds = 1
        spec.containers[0].ports[0].protocol = "TCP"
        spec.containers[0].resizePolicy[0].resourceName = "cpu"
        spec.containers[0].resizePolicy[0].restartPolicy = "NotRequired"
        spec.containers[0].resizePolicy[1].resourceName = "memory"
        spec.containers[0].resizePolicy[1].restartPolicy = "NotRequired"
        spec.containers[0].resources.limits.cpu = "1"
        spec.containers[0].resources.limits.memory = "1Gi"
        spec.containers[0].resources.requests.cpu = "1"
        spec.containers[0].resources.requests.memory = "1Gi"
        spec.containers[0].terminationMessagePath = "/dev/termination-log"
        spec.containers[0].terminationMessagePolicy = "File"
        spec.dnsPolicy = "ClusterFirst"
        spec.enableServiceLinks = true
        spec.restartPolicy = "Always"
        spec.schedulerName = "default-scheduler"
        spec.securityContext = {}
        spec.terminationGracePeriodSeconds = 30
        spec.volumes[0].emptyDir = {}
        status.phase = "Pending"
        status.qosClass = "Guaranteed"
    "#]],
    );
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
    check_create::<Pods>(
        pod,
        &expect![[r#"
            spec.containers[0].name: Invalid value: "Main": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
            spec.containers[0].image: Required value
            spec.containers[1].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive
            spec.containers[1].ports[1].name: Invalid value: "much-too-long-a-name": must be no more than 15 characters
            spec.containers[2].name: Duplicate value: "b"
            spec.containers[2].volumeMounts[0].name: Not found: "none"
            spec.containers[1].ports[1].hostPort: Duplicate value: "TCP//80"
            spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"
        "#]],
    );
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
    check_create::<Pods>(
        with(container),
        &expect![[r#"
        spec.containers[0].env[0].name: Required value
        spec.containers[0].env[1].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`
        spec.containers[0].env[2].valueFrom.fieldRef.fieldPath: Unsupported value: "spec.none": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"
        spec.containers[0].env[3].valueFrom: Invalid value: "": may not be specified when `value` is not empty
        spec.containers[0].resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0
        spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1
        spec.containers[0].resources.requests[disk]: Invalid value: "disk": must be a standard resource for containers
        spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources
        spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0
    "#]],
    );
}

#[test]
fn probes_have_one_handler_and_sane_numbers() {
    let container = json!({
        "livenessProbe": { "successThreshold": 2, "exec": { "command": [] }, "tcpSocket": { "port": 1 } },
        "readinessProbe": { "periodSeconds": -1 },
    });
    check_create::<Pods>(
        with(container),
        &expect![[r#"
        spec.containers[0].livenessProbe.exec.command: Required value
        spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type
        spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1
        spec.containers[0].readinessProbe: Required value: must specify a handler type
        spec.containers[0].readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0
    "#]],
    );
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
    check_create::<Pods>(
        pod,
        &expect![[r#"
        spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type
        spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'
        spec.volumes[1].name: Duplicate value: "two"
        spec.volumes[1].secret.secretName: Required value
    "#]],
    );
}

#[test]
fn only_images_and_few_other_fields_may_change() {
    let new = with(json!({ "image": "nginx:2" }));
    check_update::<Pods>(with(json!({})), new, &expect![[""]]);
    let new = with(json!({ "command": ["x"] }));
    check_update::<Pods>(
        with(json!({})),
        new,
        &expect![[r#"
            spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)
            changed: spec.containers[0].command
        "#]],
    );
    let mut old = with(json!({}));
    old["spec"]["tolerations"] = json!([{ "key": "a", "operator": "Exists" }]);
    check_update::<Pods>(
        old,
        with(json!({})),
        &expect![[r#"
        spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds
    "#]],
    );
}

#[test]
fn containers_may_not_come_or_go() {
    let mut new = with(json!({}));
    new["spec"]["initContainers"] = json!([{ "name": "first", "image": "x" }]);
    check_update::<Pods>(
        with(json!({})),
        new,
        &expect![[r#"
        spec.initContainers: Forbidden: pod updates may not add or remove containers
    "#]],
    );
}

fn gated(spec: Value) -> Value {
    let mut pod = with(json!({}));
    pod["spec"]["schedulingGates"] = json!([{ "name": "a" }]);
    let fields = pod["spec"].as_object_mut().unwrap();
    fields.extend(spec.as_object().unwrap().clone());
    pod
}

/// Asks for nodes whose labels fulfil conditions, of which each has an operator only.
fn on(conditions: &[&str]) -> Value {
    let condition = |key: &&str| json!({ "key": key, "operator": "Exists" });
    let conditions: Vec<Value> = conditions.iter().map(condition).collect();
    json!({ "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{ "matchExpressions": conditions }] } } } })
}

#[test]
fn where_a_gated_pod_may_go_can_be_narrowed() {
    let labels = |labels: Value| gated(json!({ "nodeSelector": labels }));
    for (old, new) in [
        (
            labels(json!({ "a": "b" })),
            labels(json!({ "a": "b", "c": "d" })),
        ),
        (gated(json!({})), gated(on(&["a"]))),
        (gated(on(&["a"])), gated(on(&["a", "b"]))),
        (gated(json!({})), with(json!({}))),
    ] {
        check_update::<Pods>(old, new, &expect![[""]]);
    }
    check_update::<Pods>(
        labels(json!({ "a": "b" })),
        labels(json!({ "a": "c" })),
        &expect![[r#"
            spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)
        "#]],
    );
    check_update::<Pods>(
        gated(on(&["a"])),
        gated(on(&["b", "a"])),
        &expect![[r#"
        spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]: Invalid value: {"matchExpressions":[{"key":"b","operator":"Exists"},{"key":"a","operator":"Exists"}]}: only additions are allowed (no mutations or deletions)
    "#]],
    );
    check_update::<Pods>(
        gated(on(&["a"])),
        gated(json!({})),
        &expect![[r#"
        spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Invalid value: []: no additions/deletions to non-empty NodeSelectorTerms list are allowed
    "#]],
    );
    let others = json!({ "affinity": { "podAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [{ "topologyKey": "zone" }] } } });
    check_update::<Pods>(
        gated(json!({})),
        gated(others),
        &expect![[r#"
        spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)
        changed: spec.affinity
    "#]],
    );
}

#[test]
fn gates_only_go() {
    let mut new = gated(json!({}));
    new["spec"]["schedulingGates"] = json!([{ "name": "a" }, { "name": "b" }]);
    check_update::<Pods>(
        gated(json!({})),
        new,
        &expect![[r#"
        spec.schedulingGates[1]: Forbidden: only deletion is allowed, but found new scheduling gate 'b'
    "#]],
    );
    check_update::<Pods>(
        with(json!({})),
        gated(json!({})),
        &expect![[r#"
        spec.schedulingGates[0]: Forbidden: only deletion is allowed, but found new scheduling gate 'a'
    "#]],
    );
    check_update::<Pods>(with(json!({})), with(json!({})), &expect![[""]]);
    let narrowed = json!({ "nodeSelector": { "a": "b" } });
    let mut free = with(json!({}));
    free["spec"]["nodeSelector"] = narrowed["nodeSelector"].clone();
    check_update::<Pods>(
        with(json!({})),
        free,
        &expect![[r#"
        spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)
        changed: spec.nodeSelector
    "#]],
    );
}

#[test]
fn deadlines_only_shrink_and_images_are_names() {
    let until = |seconds: Value| {
        let mut pod = with(json!({}));
        pod["spec"]["activeDeadlineSeconds"] = seconds;
        pod
    };
    check_update::<Pods>(until(json!(9)), until(json!(5)), &expect![[""]]);
    check_update::<Pods>(until(Value::Null), until(json!(5)), &expect![[""]]);
    check_update::<Pods>(
        until(json!(5)),
        until(json!(9)),
        &expect![[r#"
        spec.activeDeadlineSeconds: Invalid value: 9: must be less than or equal to previous value
    "#]],
    );
    check_update::<Pods>(
        until(json!(5)),
        until(Value::Null),
        &expect![[r#"
        spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value
    "#]],
    );
    check_update::<Pods>(
        until(json!(5)),
        until(json!(0)),
        &expect![[r#"
        spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive
    "#]],
    );
    let spaced = with(json!({ "image": " nginx" }));
    check_update::<Pods>(
        with(json!({})),
        spaced.clone(),
        &expect![[r#"
        spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace
        spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)
        changed: spec.containers[0].imagePullPolicy
    "#]],
    );
    check_create::<Pods>(
        spaced,
        &expect![[r#"
        spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace
    "#]],
    );
}

#[test]
fn the_mark_of_a_mirror_comes_with_the_pod() {
    let marked = |mark: Value| {
        let mut pod = with(json!({}));
        pod["metadata"] = json!({ "annotations": { "kubernetes.io/config.mirror": mark } });
        pod
    };
    check_create::<Pods>(
        marked(json!("a")),
        &expect![[r#"
        metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "a": must set spec.nodeName if mirror pod annotation is set
    "#]],
    );
    check_update::<Pods>(
        with(json!({})),
        marked(json!("a")),
        &expect![[r#"
        metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation
    "#]],
    );
    check_update::<Pods>(
        marked(json!("a")),
        marked(json!("b")),
        &expect![[r#"
        metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not remove or update mirror pod annotation
    "#]],
    );
}

/// What is said when a container that ended with `code` is seen running again.
fn restarted(kind: &str, policy: &str, code: i32) -> String {
    let run = |state: Value| {
        json!([{ "name": "main", "ready": false, "restartCount": 0, "image": "", "imageID": "",
            "state": state }])
    };
    let pod = |state: Value| {
        let mut pod = with(json!({}));
        pod["spec"]["restartPolicy"] = json!(policy);
        pod["status"] = json!({ kind: run(state) });
        object::<Pods>(pod)
    };
    let old = pod(json!({ "terminated": { "exitCode": code } }));
    let new = pod(json!({ "running": {} }));
    let mut errors = FieldErrors::new();
    let hooks = describe::<Pods>().hooks;
    hooks.validate_status(&new, &old, &mut errors).unwrap();
    told(&errors)
}

#[test]
fn what_ended_for_good_stays_ended() {
    let refusal = "status.containerStatuses[0].state: Forbidden: may not be transitioned to \
                   non-terminated state\n";
    let main = "containerStatuses";
    assert_eq!(restarted(main, "Never", 1), refusal);
    assert_eq!(restarted(main, "OnFailure", 0), refusal);
    assert_eq!(restarted(main, "OnFailure", 1), "");
    assert_eq!(restarted(main, "Always", 0), "");
    let debugging = restarted("ephemeralContainerStatuses", "Always", 1);
    assert!(debugging.contains("non-terminated"), "{debugging}");
    // A new sandbox begins with them once more.
    assert_eq!(restarted("initContainerStatuses", "Never", 0), "");
}

#[test]
fn the_one_address_is_the_first_of_all() {
    let status = |status: Value| {
        let mut pod = with(json!({}));
        pod["status"] = status;
        pod
    };
    let agreed = |given: Value| {
        let mut pod = object::<Pods>(status(given));
        describe::<Pods>().hooks.default(&mut pod).unwrap();
        pod.at(&["status"]).unwrap().clone()
    };
    let both = json!({ "podIP": "10.0.0.1", "podIPs": [{ "ip": "10.0.0.1" }] });
    assert_eq!(agreed(json!({ "podIP": "10.0.0.1" })), both);
    assert_eq!(agreed(json!({ "podIPs": [{ "ip": "10.0.0.1" }] })), both);
    let other = json!({ "podIP": "10.0.0.1", "podIPs": [{ "ip": "10.0.0.2" }] });
    assert_eq!(agreed(other), both);
    let dual = json!({ "podIPs": [{ "ip": "10.0.0.1" }, { "ip": "2001:db8::1" }] });
    check_status::<Pods>(status(json!({})), status(dual), &expect![[""]]);
    let wrong = json!({
        "podIPs": [{ "ip": "10.0.0.1" }, { "ip": "10.0.0.1" }, { "ip": "x" }],
        "hostIP": "10.0.0.9",
        "hostIPs": [{ "ip": "10.0.0.8" }],
    });
    check_status::<Pods>(
        status(json!({})),
        status(wrong),
        &expect![[r#"
        status.podIPs[1]: Duplicate value: {"IP":"10.0.0.1"}
        status.podIPs[2]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)
        status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.1"},{"IP":"x"}]: may specify no more than one IP for each IP family
        status.hostIPs[0].ip: Invalid value: "10.0.0.8": must be equal to `hostIP`
    "#]],
    );
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
    check_row::<Pods>(
        shown(status),
        &expect![[r#"
        Name: web
        Ready: 1/2
        Status: CrashLoopBackOff
        Restarts: 3 (5m ago)
        Age: 4m
        IP: 10.244.0.5
        Node: n1
        Nominated Node: <none>
        Readiness Gates: <none>
    "#]],
    );
}

#[test]
fn a_completed_pod_says_so_beside_its_row() {
    let status = json!({ "phase": "Succeeded", "containerStatuses": [
        { "name": "a", "ready": false, "restartCount": 0, "image": "", "imageID": "",
          "state": { "terminated": { "exitCode": 0, "reason": "Completed" } } },
    ] });
    check_row::<Pods>(
        shown(status),
        &expect![[r#"
        Name: web
        Ready: 0/2
        Status: Completed
        Restarts: 0
        Age: 4m
        IP: <none>
        Node: n1
        Nominated Node: <none>
        Readiness Gates: <none>
        (Completed Succeeded)
    "#]],
    );
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
    check_row::<Pods>(
        pod,
        &expect![[r#"
        Name: web
        Ready: 0/1
        Status: Init:1/2
        Restarts: 0
        Age: <unknown>
        IP: <none>
        Node: <none>
        Nominated Node: <none>
        Readiness Gates: <none>
    "#]],
    );
}

#[test]
fn a_status_keeps_the_class_and_the_owners() {
    let hooks = describe::<Pods>().hooks;
    let mut old = created::<Pods>(with(json!({})));
    old.set(&["metadata", "ownerReferences"], json!([{ "name": "set" }]));
    let mut new = old.clone();
    new.set(&["status"], json!({ "phase": "Running" }));
    new.remove(&["metadata", "ownerReferences"]);
    hooks.prepare_status(&mut new, &old).unwrap();
    assert_eq!(new.text(&["status", "qosClass"]), "BestEffort");
    assert_eq!(new.text(&["status", "phase"]), "Running");
    assert_eq!(
        new.at(&["metadata", "ownerReferences"]),
        old.at(&["metadata", "ownerReferences"])
    );
}

#[test]
fn a_gated_pod_waits_and_may_only_lose_gates() {
    let gated = |gates: Value| {
        let mut pod = with(json!({}));
        pod["spec"]["schedulingGates"] = gates;
        pod
    };
    let pod = created::<Pods>(gated(json!([{ "name": "a" }])));
    assert_eq!(
        pod.at(&["status", "conditions"]).unwrap()[0]["reason"],
        "SchedulingGated"
    );
    check_update::<Pods>(
        gated(json!([{ "name": "a" }])),
        gated(json!([])),
        &expect![[""]],
    );
    check_update::<Pods>(
        gated(json!([{ "name": "a" }])),
        gated(json!([{ "name": "b" }])),
        &expect![[r#"
            spec.schedulingGates[0]: Forbidden: only deletion is allowed, but found new scheduling gate 'b'
        "#]],
    );
}

#[test]
fn a_variable_set_twice_is_worth_a_warning() {
    let env = json!({ "env": [{ "name": "A", "value": "1" }, { "name": "A", "value": "2" }] });
    let warnings = warnings::<Pods>(with(env));
    let expected = "spec.containers[0].env[1]: hides previous definition of \"A\", which may be \
                    dropped when using apply";
    assert_eq!(warnings, [expected]);
}
