//! Deployments: rolled out, told about, rolled back.

use std::fs;

use anyhow::{Result, ensure};

use crate::harness::Cluster;

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
    name: myapp-deployment
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

/// From the first revision to the second and back.
pub(crate) fn roll_out_and_back(cluster: &Cluster<'_>) -> Result<()> {
    let path = cluster.home().join("deployment-definition.yml");
    fs::write(&path, DEPLOYMENT)?;
    let file = path.display();
    cluster.k(&format!("create -f {file} --record"))?;
    cluster.k("rollout status deployment/myapp-deployment")?;
    cluster.ready_pods(OURS, 3)?;
    let expected = [
        ("get deployment", "3/3"),
        ("describe deployment myapp-deployment", "RollingUpdate"),
        ("get replicasets", "myapp-deployment-"),
        ("get pods", "myapp-deployment-"),
        ("get all", "deployment.apps/myapp-deployment"),
        ("rollout history deployment/myapp-deployment", "--record"),
    ];
    for (words, part) in expected {
        let said = cluster.k(words)?;
        ensure!(
            said.contains(part),
            "find {part:?} in what `{words}` says: {said}"
        );
    }
    fs::write(
        &path,
        DEPLOYMENT.replace("image: nginx", "image: nginx:next"),
    )?;
    cluster.k(&format!("apply -f {file} --record"))?;
    cluster.k("rollout status deployment/myapp-deployment")?;
    images(cluster, "nginx:next")?;
    let history = cluster.k("rollout history deployment/myapp-deployment")?;
    let revisions: Vec<_> = history
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    ensure!(
        revisions.contains(&"1") && revisions.contains(&"2"),
        "tell both: {history}"
    );

    cluster.k("rollout undo deployment/myapp-deployment")?;
    cluster.k("rollout status deployment/myapp-deployment")?;
    images(cluster, "nginx")?;
    cluster.k("delete deployment myapp-deployment")?;
    cluster.ready_pods(OURS, 0)?;
    Ok(())
}

/// The same without a file.
pub(crate) fn by_command(cluster: &Cluster<'_>) -> Result<()> {
    cluster.k("create deployment nginx --image=nginx")?;
    cluster.k("rollout status deployment/nginx")?;
    cluster.k("set image deployment/nginx nginx=nginx:next")?;
    cluster.k("rollout status deployment/nginx")?;
    let pods = cluster.ready_pods("app=nginx", 1)?;
    ensure!(
        pods[0]["spec"]["containers"][0]["image"] == "nginx:next",
        "change the image"
    );
    cluster.k("delete deployment nginx")?;
    cluster.ready_pods("app=nginx", 0)?;
    Ok(())
}

fn images(cluster: &Cluster<'_>, image: &str) -> Result<()> {
    let pods = cluster.ready_pods(OURS, 3)?;
    for pod in pods {
        let found = &pod["spec"]["containers"][0]["image"];
        ensure!(found == image, "run {image} everywhere, not {found}");
    }
    Ok(())
}
