//! What watches cost: 100 watchers of 1,000 creations, and 10,000 watches with nothing to tell.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use http::Method;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::runtime::Builder;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::api::{Api, Watch};
use crate::cluster::Cluster;
use crate::figure::{Figure, millis, percentile};
use crate::load::{CONFIG_MAPS, MEBI, config_map};
use crate::processes::usage;

/// Programs that watch, each over a connection of its own.
const PROGRAMS: usize = 10;
/// Watches of each program.
const WATCHES: usize = 10;
const CREATIONS: u32 = 1000;
/// Clients that create.
const CREATORS: usize = 16;
const IDLE: usize = 10_000;
/// Idle watches on each connection.
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
    let ready = Arc::new(Barrier::new(PROGRAMS * WATCHES + 1));
    let mut watchers = JoinSet::new();
    for _ in 0..PROGRAMS {
        let client = cluster.connect().await?;
        for _ in 0..WATCHES {
            let (client, ready) = (client.clone(), Arc::clone(&ready));
            watchers.spawn(async move {
                let path =
                    format!("{CONFIG_MAPS}?watch=true&resourceVersion=0&labelSelector=app%3Dload");
                let body = client.begin(&path).await?;
                ready.wait().await;
                arrivals(body).await
            });
        }
    }
    let witness = cluster.connect().await?.watch(CONFIG_MAPS).await?;
    ready.wait().await;
    let creator = cluster.connect().await?;
    let before = usage(gantry)?.processor;
    let begun = Instant::now();
    let (created, order) = tokio::join!(create(&creator), order(witness));
    let (created, order) = (created?, order?);
    let mut late = Vec::new();
    while let Some(watcher) = watchers.join_next().await {
        let arrived = watcher??;
        let delays = arrived.iter().zip(&order);
        late.extend(delays.map(|(arrived, number)| arrived.duration_since(created[number])));
    }
    let all = PROGRAMS * WATCHES + 1;
    let events = f64::from(CREATIONS) * f64::from(u32::try_from(all)?);
    let server = usage(gantry)?.processor.saturating_sub(before);
    let rate = events / begun.elapsed().as_secs_f64();
    Ok(vec![
        Figure::new(
            "events per CPU-second, 100 watchers",
            events / server.as_secs_f64(),
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

/// Creates all, a few at a time; when each was begun.
async fn create(api: &Api) -> Result<BTreeMap<String, Instant>> {
    let next = Arc::new(AtomicU32::new(0));
    let mut creators = JoinSet::new();
    for _ in 0..CREATORS {
        let (api, next) = (api.clone(), Arc::clone(&next));
        creators.spawn(async move {
            let mut created = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= CREATIONS {
                    return anyhow::Ok(created);
                }
                created.push((format!("load-{number}"), Instant::now()));
                let body = config_map(number, 0);
                api.ask(Method::POST, CONFIG_MAPS, body).await?;
            }
        });
    }
    let mut all = BTreeMap::new();
    while let Some(created) = creators.join_next().await {
        all.extend(created??);
    }
    Ok(all)
}

/// The names of what was created, in the order in which every watcher sees them.
async fn order(mut witness: Watch) -> Result<Vec<String>> {
    let mut names = Vec::new();
    while names.len() < CREATIONS as usize {
        let event = witness.next().await?;
        let name = event["object"]["metadata"]["name"].as_str().unwrap_or("");
        if name.starts_with("load-") {
            names.push(name.to_owned());
        }
    }
    Ok(names)
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
