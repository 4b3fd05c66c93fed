//! Pods by hand: run, described, written down, edited, applied, deleted.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};

use crate::harness::{Cluster, until};

/// The tutorial's pod.
pub(crate) const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
    name: myapp-pod
    labels:
        app: myapp
        type: front-end
spec:
    containers:
        - name: nginx-container
          image: nginx
";

/// A pod from one command.
pub(crate) fn run_redis(cluster: &Cluster<'_>) -> Result<()> {
    let mut watch = cluster.kubectl_program("get pods -w").start()?;
    cluster.k("run redis --image=redis")?;
    cluster.ready("redis")?;
    until("the watch shows the pod running", || {
        let said = watch.said()?;
        ensure!(said.contains("redis") && said.contains("Running"), "{said}");
        Ok(())
    })?;
    let expected = [
        ("get pods", "Running"),
        ("get pods -o wide", "10.244."),
        ("get pods -o yaml", "image: redis"),
        ("get pod redis -o yaml", "phase: Running"),
    ];
    for (words, part) in expected {
        let said = cluster.k(words)?;
        ensure!(
            said.contains(part),
            "find {part:?} in what `{words}` says: {said}"
        );
    }
    described(cluster)?;
    until("redis tells that it is ready", || {
        let logs = cluster.k("logs redis")?;
        ensure!(logs.contains("Ready to accept connections"), "{logs}");
        Ok(())
    })?;
    let pong = cluster.k("exec redis -- redis-cli ping")?;
    ensure!(pong.trim() == "PONG", "hear from redis, not {pong}");
    cluster.k("delete pod redis")?;
    cluster.gone("pod redis")
}

fn described(cluster: &Cluster<'_>) -> Result<()> {
    until("the events of the pod are described", || {
        let text = cluster.k("describe pod redis")?;
        let parts = [
            "Scheduled",
            "Pull",
            "Created",
            "Started",
            "default-scheduler",
            "kubelet",
            "10.244.",
        ];
        for part in parts {
            ensure!(text.contains(part), "find {part:?} in {text}");
        }
        Ok(())
    })
}

/// A pod from a file that was written by a dry run.
pub(crate) fn from_a_file(cluster: &Cluster<'_>) -> Result<()> {
    let yaml = cluster.k("run redis --image=redis --dry-run=client -o yaml")?;
    ensure!(
        cluster.json("pods")?["items"]
            .as_array()
            .is_some_and(Vec::is_empty),
        "only try"
    );
    let file = cluster.home().join("redis-definition.yaml");
    fs::write(&file, &yaml)?;
    cluster.k(&format!("create -f {}", file.display()))?;
    cluster.ready("redis")?;
    edited(cluster)?;
    fs::write(&file, yaml.replace("image: redis", "image: redis:latest"))?;
    cluster.k(&format!("apply -f {}", file.display()))?;
    until("the container runs the applied image", || {
        runs(cluster, "redis:latest")
    })?;
    cluster.k(&format!("delete -f {}", file.display()))?;
    cluster.gone("pod redis")?;

    cluster.k_with("create -f -", POD)?;
    cluster.ready("myapp-pod")?;
    let text = cluster.k("describe pod myapp-pod")?;
    ensure!(text.contains("type=front-end"), "find the labels in {text}");
    cluster.k("delete pod myapp-pod")?;
    cluster.gone("pod myapp-pod")
}

/// `kubectl edit` with an editor that changes one line.
fn edited(cluster: &Cluster<'_>) -> Result<()> {
    let editor = cluster.home().join("editor");
    fs::write(
        &editor,
        "#!/bin/sh\nexec sed -i 's/- image: redis$/- image: redis:7/' \"$1\"\n",
    )?;
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755))?;
    let program = cluster
        .kubectl_program("edit pod redis")
        .env("KUBE_EDITOR", &editor);
    program.run()?.ok()?;
    until("the container runs the edited image", || {
        runs(cluster, "redis:7")
    })
}

fn runs(cluster: &Cluster<'_>, image: &str) -> Result<()> {
    let pod = cluster.json("pod redis")?;
    let status = &pod["status"]["containerStatuses"][0];
    let is_it = status["image"]
        .as_str()
        .is_some_and(|name| name.ends_with(image));
    ensure!(is_it && status["ready"] == true, "{status}");
    Ok(())
}
