//! What lists cost: of 10,000 ConfigMaps of 1 KiB, for readers that read and readers that do not, and
//! by labels that nothing has among 300,000.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::Method;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::cluster::Cluster;
use crate::figure::{Figure, millis, percentile};
use crate::load::{CONFIG_MAPS, MEBI};
use crate::processes::{Usage, usage};
use crate::requests::fill;

const COUNT: u32 = 10_000;
const MANY: u32 = 300_000;
const LISTS: u32 = 20;
const READERS: u32 = 16;
const CLIENTS: usize = 64;

/// Lists, on a control plane of its own.
pub(crate) fn measure(gantry: &Path) -> Result<Vec<Figure>> {
    let cluster = Cluster::control_plane(gantry)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(all(gantry, &cluster))
}

async fn all(gantry: &Path, cluster: &Cluster) -> Result<Vec<Figure>> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(cluster.connect().await?);
    }
    fill(gantry, &clients, COUNT).await?;
    let mut figures = one_after_the_other(gantry, &clients[0]).await?;
    figures.push(at_once(gantry, &clients).await?);
    figures.push(stalled(gantry, cluster).await?);
    drop(clients);
    figures.push(by_label(gantry).await?);
    Ok(figures)
}

async fn one_after_the_other(gantry: &Path, client: &Api) -> Result<Vec<Figure>> {
    let before = usage(gantry)?.processor;
    let mut took = Vec::new();
    for _ in 0..LISTS {
        let begun = Instant::now();
        client.ask(Method::GET, CONFIG_MAPS, Bytes::new()).await?;
        took.push(begun.elapsed());
    }
    let server = usage(gantry)?.processor.saturating_sub(before) / LISTS;
    Ok(vec![
        Figure::new("list of 10,000, server's CPU", millis(server), "ms").at_most(15.0),
        Figure::new(
            "  list of 10,000, median",
            millis(percentile(took, 50)),
            "ms",
        ),
    ])
}

/// What the server's memory grows by while many read at the same time, for each of them.
async fn at_once(gantry: &Path, clients: &[Api]) -> Result<Figure> {
    let before = usage(gantry)?;
    let mut readers = JoinSet::new();
    for client in &clients[..READERS as usize] {
        let client = client.clone();
        readers.spawn(async move {
            let list = client.ask(Method::GET, CONFIG_MAPS, Bytes::new()).await;
            list.map(drop)
        });
    }
    let mut most = before;
    while let Some(read) = readers.join_next().await {
        read??;
        let now = usage(gantry)?;
        most.resident_bytes = most.resident_bytes.max(now.resident_bytes);
    }
    let each = grown(before, most)? / f64::from(READERS);
    Ok(Figure::new(
        "list of 10,000, memory per concurrent list",
        each / MEBI,
        "MiB",
    )
    .at_most(1.0))
}

/// What the server holds for readers that have asked and do not read, for each of them.
async fn stalled(gantry: &Path, cluster: &Cluster) -> Result<Figure> {
    let before = usage(gantry)?;
    let mut held = Vec::new();
    for _ in 0..READERS {
        let client = cluster.connect().await?;
        let body = client.begin(CONFIG_MAPS).await?;
        held.push((client, body));
    }
    let each = grown(before, usage(gantry)?)? / f64::from(READERS);
    drop(held);
    Ok(Figure::new(
        "list of 10,000, memory per stalled reader",
        each / 1024.0,
        "KiB",
    )
    .at_most(64.0))
}

async fn by_label(gantry: &Path) -> Result<Figure> {
    let cluster = Cluster::control_plane(gantry)?;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(cluster.connect().await?);
    }
    fill(gantry, &clients, MANY).await?;
    let path = format!("{CONFIG_MAPS}?labelSelector=app%3Dnobody");
    let mut took = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        clients[0].ask(Method::GET, &path, Bytes::new()).await?;
        took.push(begun.elapsed());
    }
    let slowest = millis(percentile(took, 99));
    Ok(Figure::new("label that none of 300,000 has, 99 %", slowest, "ms").at_most(2.0))
}

fn grown(before: Usage, after: Usage) -> Result<f64> {
    let bytes = after.resident_bytes.saturating_sub(before.resident_bytes);
    let kibi = u32::try_from(bytes / 1024).context("count the memory")?;
    Ok(f64::from(kibi) * 1024.0)
}
