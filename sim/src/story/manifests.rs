//! What the commands of a story send.

use serde_json::{Value, json};

use super::phrase::Phrase;

/// The object that `apply` or `create` is about.
pub(super) fn manifest(kind: &str, name: &str, phrase: &Phrase) -> Result<Value, String> {
    match kind {
        "deployment" => deployment(name, phrase),
        "replicaset" => replica_set(name, phrase),
        "pod" => bare_pod(name, phrase),
        "service" => service(name, phrase),
        "namespace" => {
            phrase.only(&["n"])?;
            Ok(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
        }
        "configmap" => {
            phrase.only(&["n"])?;
            Ok(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}))
        }
        _ => Err(format!("nobody knows how to write a {kind}")),
    }
}

fn deployment(name: &str, phrase: &Phrase) -> Result<Value, String> {
    let own = ["n", "replicas", "strategy", "surge", "unavailable"];
    phrase.only(&[&own, &TEMPLATE[..]].concat())?;
    let strategy = match phrase.named("strategy") {
        Some(kind) => json!({"type": kind}),
        None => json!({"type": "RollingUpdate", "rollingUpdate": {
            "maxSurge": phrase.number("surge", 1)?,
            "maxUnavailable": phrase.number("unavailable", 0)?,
        }}),
    };
    Ok(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": phrase.number("replicas", 1)?,
            "selector": {"matchLabels": {"app": label(name, phrase)}},
            "strategy": strategy,
            "template": template(name, phrase)?,
        },
    }))
}

fn replica_set(name: &str, phrase: &Phrase) -> Result<Value, String> {
    phrase.only(&[&["n", "replicas"], &TEMPLATE[..]].concat())?;
    Ok(json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": name},
        "spec": {
            "replicas": phrase.number("replicas", 1)?,
            "selector": {"matchLabels": {"app": label(name, phrase)}},
            "template": template(name, phrase)?,
        },
    }))
}

fn bare_pod(name: &str, phrase: &Phrase) -> Result<Value, String> {
    phrase.only(&[&["n"], &TEMPLATE[..]].concat())?;
    let mut pod = template(name, phrase)?;
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!(name);
    Ok(pod)
}

fn service(name: &str, phrase: &Phrase) -> Result<Value, String> {
    phrase.only(&["n", "app", "type", "port"])?;
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            "type": phrase.named("type").unwrap_or("ClusterIP"),
            "selector": {"app": label(name, phrase)},
            "ports": [{"port": phrase.number("port", 80)?, "targetPort": 80}],
        },
    }))
}

/// What pods may be told.
const TEMPLATE: [&str; 6] = ["app", "image", "grace", "probe", "restart", "cpu"];

fn label<'a>(name: &'a str, phrase: &'a Phrase) -> &'a str {
    phrase.named("app").unwrap_or(name)
}

fn template(name: &str, phrase: &Phrase) -> Result<Value, String> {
    let mut container = json!({
        "name": "main",
        "image": phrase.named("image").unwrap_or("shop:1"),
        "ports": [{"containerPort": 80}],
    });
    if let Some(probe) = phrase.named("probe") {
        container[format!("{probe}Probe")] =
            json!({"tcpSocket": {"port": 80}, "periodSeconds": 5, "failureThreshold": 2});
    }
    if let Some(cpu) = phrase.named("cpu") {
        container["resources"] = json!({"requests": {"cpu": cpu}});
    }
    let mut spec = json!({
        "containers": [container],
        "terminationGracePeriodSeconds": phrase.number("grace", 5)?,
    });
    if let Some(policy) = phrase.named("restart") {
        spec["restartPolicy"] = json!(policy);
    }
    Ok(json!({"metadata": {"labels": {"app": label(name, phrase)}}, "spec": spec}))
}
