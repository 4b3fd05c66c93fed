use std::path::Path;
use std::sync::Arc;

use gantry_api::Revision;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service};
use serde_json::{Value, json};

use super::*;
use crate::sandbox::Seccomp;

/// A view with a ConfigMap `map`, a Secret `keys`, and the services `web` and `kubernetes`.
fn view() -> View {
    let mut view = View::default();
    let map: ConfigMap = serde_json::from_value(json!({
        "metadata": {"name": "map", "namespace": "n"}, "data": {"a": "1", "b": "2"},
    }))
    .unwrap();
    let keys: Secret = serde_json::from_value(json!({
        "metadata": {"name": "keys", "namespace": "n"}, "data": {"k": "c2VjcmV0", "raw": "/w=="},
    }))
    .unwrap();
    view.put(Arc::new(map), Revision(1));
    view.put(Arc::new(keys), Revision(1));
    for (namespace, name, address) in [
        ("n", "my-web", "10.96.0.7"),
        ("n", "headless", "None"),
        ("other", "far", "10.96.0.8"),
        ("default", "kubernetes", "10.96.0.1"),
    ] {
        let service: Service = serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"clusterIP": address, "ports": [{"port": 80, "name": "http"}]},
        }))
        .unwrap();
        view.put(Arc::new(service), Revision(1));
    }
    view
}

/// The configuration of the first container of a pod with this spec.
fn made(spec: Value) -> Result<ContainerConfig, ConfigError> {
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {
            "name": "p", "namespace": "n", "uid": "u",
            "labels": {"app": "web"}, "annotations": {"note": "a \"b\""},
        },
        "spec": spec,
        "status": {"qosClass": "Burstable"},
    }))
    .unwrap();
    let allocatable = Amounts {
        cpu: Quantity::units(4),
        memory: Quantity::bytes(8 << 30),
        storage: Quantity::ZERO,
    };
    let on = Surroundings {
        pod: &pod,
        view: &view(),
        addresses: &["10.244.0.9".to_owned()],
        host_addresses: &["192.0.2.1".to_owned()],
        allocatable: &allocatable,
        seccomp_dir: Path::new("/seccomp"),
    };
    let container = &pod.spec.as_ref().unwrap().containers[0];
    check(&on, container)?;
    let run = Run {
        spec: container,
        attempt: 2,
        step: 1,
        image_id: "sha256:1".to_owned(),
        log_path: "/logs/2.log".into(),
        mounts: Vec::new(),
    };
    config(&on, run)
}

fn one(container: Value) -> Value {
    let mut container = container;
    container["name"] = json!("c");
    json!({"containers": [container], "enableServiceLinks": false})
}

fn variable(config: &ContainerConfig, name: &str) -> Option<String> {
    let found = config.env.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.clone())
}

#[test]
fn later_variables_win_and_use_earlier_ones() {
    let config = made(one(json!({
        "command": ["run", "$(A)", "$(NOBODY)", "$$(A)"],
        "envFrom": [{"prefix": "M_", "configMapRef": {"name": "map"}}, {"secretRef": {"name": "none", "optional": true}}],
        "env": [
            {"name": "A", "value": "$(M_a)$(LATER)"},
            {"name": "LATER", "value": "x"},
            {"name": "M_b", "value": "own"},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "k"}}},
            {"name": "GONE", "valueFrom": {"configMapKeyRef": {"name": "map", "key": "zz", "optional": true}}},
        ],
    })))
    .unwrap();
    assert_eq!(config.command, ["run", "1$(LATER)", "$(NOBODY)", "$(A)"]);
    assert_eq!(variable(&config, "M_b").as_deref(), Some("own"));
    assert_eq!(variable(&config, "KEY").as_deref(), Some("secret"));
    assert_eq!(variable(&config, "GONE"), None);
}

#[test]
fn facts_about_the_pod_and_its_resources_are_told() {
    let config = made(one(json!({
        "resources": {"limits": {"memory": "100Mi"}},
        "env": [
            {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "MEM", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        ],
    })))
    .unwrap();
    let shown: Vec<_> = ["LABEL", "IP", "MEM", "CPU"]
        .iter()
        .map(|name| variable(&config, name).unwrap())
        .collect();
    assert_eq!(shown, ["web", "10.244.0.9", "100", "4"]);
}

#[test]
fn services_of_the_namespace_are_known_unless_unwanted() {
    let linked = made(json!({"containers": [{"name": "c"}]})).unwrap();
    assert_eq!(
        variable(&linked, "MY_WEB_SERVICE_HOST").as_deref(),
        Some("10.96.0.7")
    );
    assert_eq!(
        variable(&linked, "MY_WEB_SERVICE_PORT_HTTP").as_deref(),
        Some("80")
    );
    assert_eq!(
        variable(&linked, "MY_WEB_PORT_80_TCP").as_deref(),
        Some("tcp://10.96.0.7:80")
    );
    assert_eq!(variable(&linked, "FAR_SERVICE_HOST"), None);
    assert_eq!(variable(&linked, "HEADLESS_SERVICE_HOST"), None);
    let alone = made(one(json!({}))).unwrap();
    assert_eq!(variable(&alone, "MY_WEB_SERVICE_HOST"), None);
    assert_eq!(
        variable(&alone, "KUBERNETES_SERVICE_HOST").as_deref(),
        Some("10.96.0.1")
    );
}

fn refused(container: Value) -> String {
    made(one(container)).unwrap_err().to_string()
}

#[test]
fn what_is_missing_is_said_in_the_words_that_users_know() {
    let from = |source: Value| json!({"env": [{"name": "X", "valueFrom": source}]});
    let map = |name: &str, key: &str| json!({"configMapKeyRef": {"name": name, "key": key}});
    assert_eq!(
        refused(from(map("nope", "a"))),
        "configmap \"nope\" not found"
    );
    assert_eq!(
        refused(from(map("map", "z"))),
        "couldn't find key z in ConfigMap n/map"
    );
    assert_eq!(
        refused(json!({"envFrom": [{"secretRef": {"name": "nope"}}]})),
        "secret \"nope\" not found"
    );
    assert_eq!(
        refused(from(
            json!({"secretKeyRef": {"name": "keys", "key": "raw"}})
        )),
        "the value of key raw in Secret keys is not text"
    );
}

#[test]
fn sub_paths_stay_within_their_volume() {
    let mount = |field: &str, path: &str| {
        let mut mount = json!({"name": "v", "mountPath": "data"});
        mount[field] = json!(path);
        json!({"env": [{"name": "UP", "value": "../x"}], "volumeMounts": [mount]})
    };
    assert!(refused(mount("subPath", "/etc")).contains("must not be an absolute path"));
    assert!(refused(mount("subPathExpr", "a/$(UP)")).contains("must not contain '..'"));
    assert!(refused(mount("subPathExpr", "$(NOBODY)")).contains("missing value for \"NOBODY\""));
    assert!(made(one(mount("subPathExpr", "a..b/c"))).is_ok());
}

#[test]
fn a_container_may_be_stricter_than_its_pod_and_root_is_refused() {
    let mut spec = one(json!({"securityContext": {
        "runAsUser": 7, "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"], "add": ["cap_net_admin"]},
    }}));
    spec["securityContext"] =
        json!({"runAsUser": 5, "runAsGroup": 6, "fsGroup": 9, "supplementalGroups": [9, 8]});
    let config = made(spec).unwrap();
    assert_eq!((config.run_as.uid, config.run_as.gid), (Some(7), Some(6)));
    assert_eq!(config.run_as.groups, [8, 9]);
    assert!(config.no_new_privs && config.capabilities.add.contains("NET_ADMIN"));
    assert_eq!(config.seccomp, Seccomp::Default);
    let root = json!({"securityContext": {"runAsUser": 0, "runAsNonRoot": true}});
    assert_eq!(
        refused(root),
        "container's runAsUser breaks non-root policy (pod: \"p_n(u)\", container: c)"
    );
    let free = made(one(json!({"securityContext": {"privileged": true}}))).unwrap();
    assert_eq!(free.seccomp, Seccomp::Unconfined);
}

#[test]
fn limits_become_what_the_kernel_counts() {
    let config = made(one(json!({
        "resources": {"limits": {"cpu": "250m", "memory": "64Mi"}, "requests": {"cpu": "100m", "memory": "4Gi"}},
    })))
    .unwrap();
    let limits = &config.resources;
    assert_eq!(
        (limits.cpu_shares, limits.cpu_quota_us),
        (Some(102), Some(25_000))
    );
    assert_eq!(limits.memory_bytes, Some(64 << 20));
    assert_eq!(config.oom_score_adj, 500);
    let none = made(one(json!({}))).unwrap();
    assert_eq!(
        (none.resources.cpu_shares, none.resources.memory_bytes),
        (Some(2), None)
    );
    assert_eq!(none.oom_score_adj, 999);
}
