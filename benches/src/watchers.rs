//! What watches cost: 100 watchers of 1,000 creations, and 10,000 watches with nothing to tell.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use http::Method;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::runtime::Builder;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::cluster::Cluster;
use crate::figure::{Figure, millis, percentile};
use crate::load::{CONFIG_MAPS, MEBI, config_map};
use crate::processes::usage;

const WATCHERS: usize = 100;
const CREATIONS: u32 = 1000;
const IDLE: usize = 10_000;
/// Watches on each connection.
const SHARED: usize = 100;

/// Both, each on a control plane of its own.
pub(crate) fn measure(gantry: &Path) -> Result<Vec<Figure>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut figures = runtime.block_on(busy(gantry))?;
    figures.push(runtime.block_on(idle(gantry))?);
    Ok(figures)
}

async fn busy(gantry: &Path) -> Result<Vec<Figure>> {
    let cluster = Cluster::control_plane(gantry)?;
    let ready = Arc::new(Barrier::new(WATCHERS + 1));
    let mut watchers = JoinSet::new();
    for _ in 0..WATCHERS {
        let (client, ready) = (cluster.connect().await?, Arc::clone(&ready));
        watchers.spawn(async move {
            let path =
                format!("{CONFIG_MAPS}?watch=true&resourceVersion=0&labelSelector=app%3Dload");
            let body = client.begin(&path).await?;
            ready.wait().await;
            arrivals(body).await
        });
    }
    ready.wait().await;
    let client = cluster.connect().await?;
    let before = usage(gantry)?.processor;
    let begun = Instant::now();
    let mut created = Vec::new();
    for number in 0..CREATIONS {
        created.push(Instant::now());
        client
            .ask(Method::POST, CONFIG_MAPS, config_map(number, 0))
            .await?;
    }
    let mut late = Vec::new();
    while let Some(watcher) = watchers.join_next().await {
        let arrived = watcher??;
        let delays = arrived.iter().zip(&created);
        late.extend(delays.map(|(arrived, created)| arrived.duration_since(*created)));
    }
    let events = f64::from(CREATIONS) * f64::from(u32::try_from(WATCHERS)?);
    let server = usage(gantry)?
        .processor
        .saturating_sub(before)
        .as_secs_f64();
    let rate = events / begun.elapsed().as_secs_f64();
    Ok(vec![
        Figure::new(
            "events per CPU-second, 100 watchers",
            events / server,
            "/CPU-s",
        )
        .at_least(150_000.0),
        Figure::new("  events, rate", rate, "/s"),
        Figure::new(
            "  event after its request, median",
            millis(percentile(late, 50)),
            "ms",
        )
        .at_most(5.0),
    ])
}

/// When each event came; lines are counted, not read.
async fn arrivals(mut body: Incoming) -> Result<Vec<Instant>> {
    let mut arrived = Vec::new();
    while arrived.len() < CREATIONS as usize {
        let frame = body.frame().await.context("watch on: it ended")??;
        let now = Instant::now();
        if let Ok(bytes) = frame.into_data() {
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
            arrived.extend(std::iter::repeat_n(now, lines));
        }
    }
    Ok(arrived)
}

async fn idle(gantry: &Path) -> Result<Figure> {
    let cluster = Cluster::control_plane(gantry)?;
    let before = usage(gantry)?.resident_bytes;
    let mut held = Vec::new();
    for _ in 0..IDLE / SHARED {
        let client = cluster.connect().await?;
        for _ in 0..SHARED {
            let path = format!("{CONFIG_MAPS}?watch=true&resourceVersion=0");
            let begun = tokio::time::timeout(Duration::from_secs(10), client.begin(&path));
            held.push(begun.await.context("wait for a watch to begin")??);
        }
    }
    let grown = usage(gantry)?.resident_bytes.saturating_sub(before);
    drop(held);
    let mebi = f64::from(u32::try_from(grown / 1024)?) * 1024.0 / MEBI;
    Ok(Figure::new("10,000 idle watches", mebi, "MiB").at_most(64.0))
}
