//! Replicas: the old controller and the set, adoption, replacement, scaling.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::single_pods::POD;
use crate::harness::{Cluster, until};

const CONTROLLER: &str = "\
apiVersion: v1
kind: ReplicationController
metadata:
    name: myapp-rc
    labels:
        app: myapp
        type: front-end
spec:
    template:
        metadata:
            name: myapp-pod
            labels:
                app: myapp
                type: front-end
        spec:
            containers:
                - name: nginx-container
                  image: nginx
    replicas: 3
";

/// The tutorial's replica set.
const SET: &str = "\
apiVersion: apps/v1
kind: ReplicaSet
metadata:
    name: myapp-replicaset
    labels:
        app: myapp
        type: front-end
spec:
    template:
        metadata:
            name: myapp-pod
            labels:
                app: myapp
                type: front-end
        spec:
            containers:
                - name: nginx-container
                  image: nginx
    replicas: 3
    selector:
        matchLabels:
            type: front-end
";

const OURS: &str = "type=front-end";

/// A controller whose selector comes from its template.
pub(crate) fn controller(cluster: &Cluster<'_>) -> Result<()> {
    cluster.k_with("create -f -", CONTROLLER)?;
    cluster.ready_pods(OURS, 3)?;
    let table = cluster.k("get replicationcontroller")?;
    ensure!(table.contains("myapp-rc"), "find the controller in {table}");
    let selector = cluster.json("rc myapp-rc")?["spec"]["selector"].clone();
    ensure!(
        selector["type"] == "front-end",
        "take the selector from the template: {selector}"
    );
    cluster.k("delete replicationcontroller myapp-rc")?;
    cluster.ready_pods(OURS, 0)?;
    Ok(())
}

/// A set that adopts a bare pod, replaces a deleted one, and is scaled in every way.
pub(crate) fn set(cluster: &Cluster<'_>) -> Result<()> {
    cluster.k_with("create -f -", POD)?;
    cluster.ready("myapp-pod")?;
    let file = cluster.home().join("replicaset-definition.yml");
    fs::write(&file, SET)?;
    let file = file.display().to_string();
    cluster.k(&format!("create -f {file}"))?;
    let pods = cluster.ready_pods(OURS, 3)?;
    adopted(&pods)?;
    for words in [
        "get replicaset",
        "get rs",
        "describe replicaset myapp-replicaset",
    ] {
        let said = cluster.k(words)?;
        ensure!(said.contains("myapp-replicaset"), "`{words}` says {said}");
    }
    replaced(cluster)?;
    scaled(cluster, &file)?;
    cluster.k("delete replicaset myapp-replicaset")?;
    cluster.ready_pods(OURS, 0)?;
    Ok(())
}

fn adopted(pods: &[Value]) -> Result<()> {
    let bare = pods
        .iter()
        .find(|pod| pod["metadata"]["name"] == "myapp-pod");
    let owner = &bare.context("keep the bare pod")?["metadata"]["ownerReferences"][0];
    ensure!(
        owner["name"] == "myapp-replicaset",
        "adopt the bare pod: {owner}"
    );
    Ok(())
}

fn replaced(cluster: &Cluster<'_>) -> Result<()> {
    cluster.k("delete pod myapp-pod")?;
    let pods = cluster.ready_pods(OURS, 3)?;
    let is_back = pods
        .iter()
        .any(|pod| pod["metadata"]["name"] == "myapp-pod");
    ensure!(!is_back, "replace the pod by another");
    Ok(())
}

fn scaled(cluster: &Cluster<'_>, file: &str) -> Result<()> {
    fs::write(file, SET.replace("replicas: 3", "replicas: 4"))?;
    cluster.k(&format!("replace -f {file}"))?;
    cluster.ready_pods(OURS, 4)?;
    cluster.k(&format!("scale --replicas=6 -f {file}"))?;
    cluster.ready_pods(OURS, 6)?;
    cluster.k("scale --replicas=2 replicaset myapp-replicaset")?;
    cluster.ready_pods(OURS, 2)?;
    until("the set tells its size", || {
        let status = cluster.json("rs myapp-replicaset")?["status"].clone();
        ensure!(status["readyReplicas"] == 2, "{status}");
        Ok(())
    })
}
