//! From the creation of a pod to `Running`, as somebody sees it who watches. The image is present.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::api::{Api, Watch};
use crate::cluster::{Cluster, IMAGE};
use crate::figure::{Figure, millis, percentile};

const PODS: &str = "/api/v1/namespaces/default/pods";
const SINGLE: usize = 30;
const TOGETHER: usize = 30;
const PATIENCE: Duration = Duration::from_secs(60);

/// One pod after the other.
pub(crate) fn one_after_the_other(gantry: &Path) -> Result<Vec<Figure>> {
    let cluster = Cluster::with_image(gantry)?;
    let took = Runtime::new()?.block_on(async {
        let api = cluster.connect().await?;
        let mut watch = api.watch(PODS).await?;
        let mut took = Vec::new();
        for number in 0..SINGLE {
            let name = format!("single-{number}");
            let begun = Instant::now();
            create(&api, &name).await?;
            let running = running(&mut watch, 1).await?;
            took.push(*running.get(&name).context("see the pod run")? - begun);
            remove(&api, &name, &mut watch).await?;
        }
        anyhow::Ok(took)
    })?;
    Ok(vec![
        Figure::new(
            "pod, create to Running, median",
            millis(percentile(took.clone(), 50)),
            "ms",
        )
        .at_most(100.0),
        Figure::new(
            "pod, create to Running, 99 %",
            millis(percentile(took, 99)),
            "ms",
        ),
    ])
}

/// Many pods at once.
pub(crate) fn at_once(gantry: &Path) -> Result<Vec<Figure>> {
    let cluster = Cluster::with_image(gantry)?;
    let took = Runtime::new()?.block_on(async {
        let api = cluster.connect().await?;
        let mut watch = api.watch(PODS).await?;
        let begun = Instant::now();
        let mut creates = tokio::task::JoinSet::new();
        for number in 0..TOGETHER {
            let api = api.clone();
            creates.spawn(async move { create(&api, &format!("many-{number}")).await });
        }
        let running = running(&mut watch, TOGETHER).await?;
        for created in creates.join_all().await {
            created?;
        }
        let last = running.values().max().context("see pods run")?;
        anyhow::Ok(*last - begun)
    })?;
    Ok(vec![
        Figure::new("30 pods at once, all Running", took.as_secs_f64(), "s").at_most(3.0),
    ])
}

async fn create(api: &Api, name: &str) -> Result<()> {
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "only", "image": IMAGE, "imagePullPolicy": "Never"}],
        },
    });
    api.ask(Method::POST, PODS, Bytes::from(serde_json::to_vec(&pod)?))
        .await?;
    Ok(())
}

/// Watches until so many pods run; the moment at which each was seen.
async fn running(watch: &mut Watch, count: usize) -> Result<BTreeMap<String, Instant>> {
    let mut seen = BTreeMap::new();
    while seen.len() < count {
        let event = timeout(PATIENCE, watch.next())
            .await
            .context("wait for pods to run")??;
        let object = &event["object"];
        ensure!(event["type"] != "ERROR", "go on watching: {object}");
        if object["status"]["phase"] == "Running" && event["type"] != "DELETED" {
            seen.entry(name(object)).or_insert_with(Instant::now);
        }
    }
    Ok(seen)
}

async fn remove(api: &Api, pod: &str, watch: &mut Watch) -> Result<()> {
    let now =
        Bytes::from_static(br#"{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0}"#);
    api.ask(Method::DELETE, &format!("{PODS}/{pod}"), now)
        .await?;
    loop {
        let event = timeout(PATIENCE, watch.next())
            .await
            .context("wait for the pod to go")??;
        if event["type"] == "DELETED" && name(&event["object"]) == pod {
            return Ok(());
        }
    }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
