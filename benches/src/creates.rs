//! How many pods a second can be created, each durable before it is answered, over TLS: on the
//! embedded engine, and on an etcd on the same disk where there is one.
//!
//! The pods name a scheduler that does not exist: creating is measured, not running.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::Method;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::cluster::Cluster;
use crate::etcd::Etcd;
use crate::figure::{Figure, millis, percentile};
use crate::processes::{own, usage};

const PODS: &str = "/api/v1/namespaces/default/pods";
const COUNT: u32 = 20_000;
const CONNECTIONS: usize = 2;
/// Requests under way on each connection.
const STREAMS: usize = 64;

/// Creates them all on each engine, and says what it took.
pub(crate) fn measure(gantry: &Path) -> Result<Vec<Figure>> {
    let cluster = Cluster::prepare(gantry)?;
    cluster.gantry(&["up"])?;
    let mut figures = on(
        &cluster,
        gantry,
        "durable pod creates over TLS",
        Some(2000.0),
    )?;
    drop(cluster);
    if let Some(etcd) = Etcd::start()? {
        let cluster = Cluster::prepare(gantry)?;
        cluster.gantry(&["up", "--datastore-endpoint", &etcd.endpoint()])?;
        let before = usage(etcd.program())?.processor;
        figures.extend(on(&cluster, gantry, "the same on etcd", None)?);
        let etcd = usage(etcd.program())?.processor.saturating_sub(before);
        figures.push(per_thousand("  etcd's CPU per 1,000", etcd));
    }
    Ok(figures)
}

fn on(cluster: &Cluster, gantry: &Path, name: &str, least: Option<f64>) -> Result<Vec<Figure>> {
    let (server_before, own_before) = (usage(gantry)?.processor, own()?.processor);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (took, latencies) = runtime.block_on(load(cluster))?;
    let server = usage(gantry)?.processor.saturating_sub(server_before);
    let own = own()?.processor.saturating_sub(own_before);
    let creates = Figure::new(name, f64::from(COUNT) / took.as_secs_f64(), "/s");
    let creates = match least {
        Some(least) => creates.at_least(least),
        None => creates,
    };
    let median = millis(percentile(latencies.clone(), 50));
    Ok(vec![
        creates,
        per_thousand("  server's CPU per 1,000", server),
        per_thousand("  load tool's CPU per 1,000", own),
        Figure::new("  answer, median", median, "ms"),
        Figure::new("  answer, 99 %", millis(percentile(latencies, 99)), "ms"),
    ])
}

fn per_thousand(name: &str, processor: Duration) -> Figure {
    let thousands = f64::from(COUNT) / 1000.0;
    Figure::new(name, processor.as_secs_f64() / thousands, "CPU-s")
}

async fn load(cluster: &Cluster) -> Result<(Duration, Vec<Duration>)> {
    let next = Arc::new(AtomicU32::new(0));
    let mut workers = JoinSet::new();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(cluster.connect().await?);
    }
    let begun = Instant::now();
    for connection in &connections {
        for _ in 0..STREAMS {
            workers.spawn(worker(connection.clone(), Arc::clone(&next)));
        }
    }
    let mut latencies = Vec::new();
    for worker in workers.join_all().await {
        latencies.extend(worker.context("create pods")?);
    }
    Ok((begun.elapsed(), latencies))
}

async fn worker(api: Api, next: Arc<AtomicU32>) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if COUNT <= number {
            return Ok(latencies);
        }
        let begun = Instant::now();
        api.ask(Method::POST, PODS, pod(number)).await?;
        latencies.push(begun.elapsed());
    }
}

fn pod(number: u32) -> Bytes {
    Bytes::from(format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"load-{number}","labels":{{"app":"load"}}}},"spec":{{"schedulerName":"nobody","containers":[{{"name":"only","image":"bench.local/none:1","ports":[{{"containerPort":80}}],"env":[{{"name":"NUMBER","value":"{number}"}}]}}]}}}}"#
    ))
}
