//! The objects that stories are about.

use serde_json::{Value, json};

use gantry_api::ObjectKey;

use super::super::script::{Step, create, delete_how, key, merge};

/// Where all stories take place that say nothing else.
pub(super) const HERE: &str = "default";

fn labels(app: &str) -> Value {
    json!({"app": app})
}

fn pod_spec(image: &str) -> Value {
    json!({
        "containers": [{"name": "main", "image": image, "ports": [{"containerPort": 80}]}],
        "terminationGracePeriodSeconds": 5,
    })
}

/// What pods of `app` are made from.
pub(super) fn template(app: &str, image: &str) -> Value {
    json!({"metadata": {"labels": labels(app)}, "spec": pod_spec(image)})
}

/// A pod of nobody's; bound to a node, if one is given.
pub(super) fn pod(name: &str, app: &str, node: Option<&str>) -> Step {
    let mut spec = pod_spec("shop:1");
    if let Some(node) = node {
        spec["nodeName"] = node.into();
    }
    made(
        "",
        "pods",
        "v1",
        "Pod",
        (name, json!({"labels": labels(app)}), json!({"spec": spec})),
    )
}

pub(super) fn deployment(name: &str, replicas: u32, strategy: &Value) -> Step {
    let spec = json!({
        "replicas": replicas,
        "revisionHistoryLimit": 1,
        "selector": {"matchLabels": labels(name)},
        "strategy": strategy,
        "template": template(name, "shop:1"),
    });
    let content = json!({"spec": spec});
    made(
        "apps",
        "deployments",
        "apps/v1",
        "Deployment",
        (name, json!({}), content),
    )
}

pub(super) fn rolling() -> Value {
    json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
}

pub(super) fn replica_set(name: &str, replicas: u32) -> Step {
    let spec = json!({
        "replicas": replicas,
        "selector": {"matchLabels": labels(name)},
        "template": template(name, "shop:1"),
    });
    let metadata = json!({"labels": labels(name)});
    let content = json!({"spec": spec});
    made(
        "apps",
        "replicasets",
        "apps/v1",
        "ReplicaSet",
        (name, metadata, content),
    )
}

pub(super) fn replication_controller(name: &str, replicas: u32) -> Step {
    let spec = json!({
        "replicas": replicas,
        "selector": labels(name),
        "template": template(name, "shop:1"),
    });
    let content = json!({"spec": spec});
    made(
        "",
        "replicationcontrollers",
        "v1",
        "ReplicationController",
        (name, json!({}), content),
    )
}

pub(super) fn service(name: &str, app: &str) -> Step {
    let spec = json!({
        "clusterIP": "10.96.7.7",
        "selector": labels(app),
        "ports": [{"port": 80, "targetPort": 80}],
    });
    made(
        "",
        "services",
        "v1",
        "Service",
        (name, json!({}), json!({"spec": spec})),
    )
}

pub(super) fn config_map(name: &str, metadata: Value) -> Step {
    made(
        "",
        "configmaps",
        "v1",
        "ConfigMap",
        (name, metadata, json!({})),
    )
}

pub(super) fn namespace(name: &str) -> Step {
    let content = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    Step::Ask(create("", "namespaces", &content))
}

/// An object of this resource, with this metadata beside its name and this content.
pub(super) fn made(
    group: &str,
    resource: &str,
    version: &str,
    kind: &str,
    (name, metadata, content): (&str, Value, Value),
) -> Step {
    let mut object = content;
    object["apiVersion"] = version.into();
    object["kind"] = kind.into();
    object["metadata"] = metadata;
    object["metadata"]["name"] = name.into();
    if object["metadata"].get("namespace").is_none() {
        object["metadata"]["namespace"] = HERE.into();
    }
    Step::Ask(create(group, resource, &object))
}

pub(super) fn here(group: &str, resource: &str, name: &str) -> ObjectKey {
    key(group, resource, HERE, name)
}

pub(super) fn web() -> ObjectKey {
    here("apps", "deployments", "web")
}

/// Changes an object.
pub(super) fn change(key: &ObjectKey, patch: &Value) -> Step {
    Step::Ask(merge(key, patch))
}

pub(super) fn scale(key: &ObjectKey, replicas: u32) -> Step {
    change(key, &json!({"spec": {"replicas": replicas}}))
}

pub(super) fn set_image(key: &ObjectKey, image: &str) -> Step {
    change(
        key,
        &json!({"spec": {"template": {"spec": pod_spec(image)}}}),
    )
}

pub(super) fn remove(key: &ObjectKey, propagation: &str) -> Step {
    Step::Ask(delete_how(key, propagation))
}
