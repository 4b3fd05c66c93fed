//! Many clients that do the same to many objects, and what that costs the server.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::processes::usage;

/// The collection that loads are about.
pub(crate) const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// A mebibyte.
pub(crate) const MEBI: f64 = 1024.0 * 1024.0;

/// One request about object number so and so.
pub(crate) type Step = fn(Api, u32) -> BoxFuture<'static, Result<()>>;

/// What a load took.
#[derive(Debug)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    /// The server's processor time.
    pub(crate) server: Duration,
    pub(crate) latencies: Vec<Duration>,
}

/// Takes `step` for each of `count` objects, each client one at a time on a connection of its own.
pub(crate) async fn run(gantry: &Path, clients: &[Api], count: u32, step: Step) -> Result<Took> {
    let next = Arc::new(AtomicU32::new(0));
    let before = usage(gantry)?.processor;
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for client in clients {
        workers.spawn(worker(client.clone(), Arc::clone(&next), count, step));
    }
    let mut latencies = Vec::new();
    for worker in workers.join_all().await {
        latencies.extend(worker?);
    }
    Ok(Took {
        wall: begun.elapsed(),
        server: usage(gantry)?.processor.saturating_sub(before),
        latencies,
    })
}

async fn worker(api: Api, next: Arc<AtomicU32>, count: u32, step: Step) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if count <= number {
            return Ok(latencies);
        }
        let begun = Instant::now();
        step(api.clone(), number).await?;
        latencies.push(begun.elapsed());
    }
}

/// The path of an object.
pub(crate) fn path(number: u32) -> String {
    format!("{CONFIG_MAPS}/load-{number}")
}

/// A ConfigMap of about 1 KiB whose content has a `version`.
pub(crate) fn config_map(number: u32, version: u32) -> Bytes {
    let filling = "0123456789abcdef".repeat(52);
    Bytes::from(format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"load-{number}","namespace":"default","labels":{{"app":"load"}}}},"data":{{"version":"{version}","filling":"{filling}"}}}}"#
    ))
}
