//! What the server keeps an eye on for its administrator: the node becoming ready, and the
//! certificate in the kubeconfig staying fresh.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use k8s_openapi::api::core::v1::Node;
use serde_json::Value;
use tracing::{info, warn};

use gantry_api::caller::MASTERS;
use gantry_api::{Caller, GroupResource, ObjectKey};
use gantry_client::requests;
use gantry_control::Control;
use gantry_gateway::{Authenticator, Clock};
use gantry_pki::{Certificate, Pki};
use gantry_registry::request::Verb;

use crate::cluster::Cluster;
use crate::kubeconfig;

/// How often the administrator's certificate is looked at.
const LOOK: Duration = Duration::from_secs(6 * 3600);
/// How long the node may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps the administrator's kubeconfigs valid for as long as the server runs.
pub(crate) async fn renew(
    cluster: Cluster,
    pki: Arc<Pki>,
    clock: Arc<dyn Clock>,
    authenticator: Arc<dyn Authenticator>,
) {
    let mut revoked = authenticator.revoked();
    loop {
        tokio::select! {
            () = clock.sleep(LOOK) => {}
            Ok(()) = revoked.changed() => {}
        }
        let now = clock.now();
        let counts = |known: &Certificate| {
            let shown = gantry_http::shown(known);
            authenticator.certificate(&shown, now).is_ok()
        };
        match kubeconfig::renew(&cluster, &pki, now, counts) {
            Ok(true) => info!("renewed the administrator's certificate"),
            Ok(false) => {}
            Err(error) => warn!(
                error = format!("{error:#}"),
                "could not renew the administrator's certificate"
            ),
        }
    }
}

/// Waits until the node says that it is ready.
pub(crate) async fn watch_ready(control: &Control, name: &str) -> Result<()> {
    let api = control.api(
        Caller::authenticated("system:apiserver", &[MASTERS]),
        "gantry-server",
    );
    let key = ObjectKey::new(GroupResource::of::<Node>(), "", "");
    let mut request = requests::request(Verb::Watch, &key, "v1");
    request.options.field_selector = Some(format!("metadata.name={name}"));
    let mut frames = api.watch(request).await.context("watch the node")?;
    let ready = async {
        while let Some(frame) = frames.next().await {
            let event: Value =
                serde_json::from_slice(&frame).context("read an event of the node")?;
            if event.get("object").is_some_and(takes_pods) {
                return Ok(());
            }
        }
        bail!("watch the node: the watch ended")
    };
    match tokio::time::timeout(PATIENCE, ready).await {
        Ok(outcome) => outcome,
        Err(_) => bail!(
            "the node {name} did not become Ready within a minute: the server's log says more"
        ),
    }
}

/// Whether the node is ready and nothing keeps pods away from it any more.
fn takes_pods(node: &Value) -> bool {
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
    let is_ready = |known: &Value| known["type"] == "Ready" && known["status"] == "True";
    let taints = node.pointer("/spec/taints").and_then(Value::as_array);
    let is_ours = |taint: &Value| taint["key"] == "node.kubernetes.io/not-ready";
    conditions.is_some_and(|all| all.iter().any(is_ready))
        && !taints.is_some_and(|all| all.iter().any(is_ours))
}
