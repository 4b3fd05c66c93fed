//! The demo: a small web page, served by this very binary in a container, so that there is
//! something to look at without any registry.

mod image;
mod page;

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cluster::Cluster;

/// The hidden command by which the binary serves the page.
pub(crate) const WORD: &str = "demo-page";
/// The service that leads to the page.
pub(crate) const SERVICE: &str = "demo";

/// Serves the page until the container ends.
pub(crate) fn serve() -> ExitCode {
    page::serve()
}

/// Makes the image of this binary and deploys the page.
pub(crate) async fn deploy(cluster: &Cluster) -> Result<()> {
    image::save(cluster)
        .await
        .context("make the demo's image")?;
    let path = cluster.data_dir.join("demo.yaml");
    let first = *cluster.node_ports().start();
    std::fs::write(&path, manifest(first + 80))
        .with_context(|| format!("write {}", path.display()))?;
    let arguments = ["apply", "--kubeconfig"]
        .map(std::ffi::OsString::from)
        .into_iter();
    let arguments = arguments.chain([
        cluster.kubeconfig().into_os_string(),
        "-f".into(),
        path.into_os_string(),
    ]);
    let code = gantry_cli::kubectl(arguments).await;
    anyhow::ensure!(code == ExitCode::SUCCESS, "deploy the demo");
    Ok(())
}

fn manifest(node_port: u16) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {SERVICE}
  labels: {{app: {SERVICE}}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: {SERVICE}}}
  template:
    metadata:
      labels: {{app: {SERVICE}}}
    spec:
      containers:
        - name: page
          image: {}
          imagePullPolicy: Never
          ports:
            - containerPort: {}
          readinessProbe:
            tcpSocket: {{port: {}}}
            periodSeconds: 1
          env:
            - name: POD_NAME
              valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}
            - name: POD_IP
              valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}
            - name: NODE_NAME
              valueFrom: {{fieldRef: {{fieldPath: spec.nodeName}}}}
---
apiVersion: v1
kind: Service
metadata:
  name: {SERVICE}
spec:
  type: NodePort
  selector: {{app: {SERVICE}}}
  ports:
    - port: 80
      targetPort: {}
      nodePort: {node_port}
",
        image::NAME,
        page::PORT,
        page::PORT,
        page::PORT
    )
}
