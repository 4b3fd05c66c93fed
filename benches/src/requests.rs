//! What a request costs the server: 64 clients, ConfigMaps of 1 KiB, JSON over TLS, RBAC and
//! admission on, each write durable before it is answered. First the clients share a connection, as
//! those of one program do, then each has one of its own.

use std::path::Path;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::Method;
use tokio::runtime::Builder;

use crate::api::Api;
use crate::cluster::Cluster;
use crate::figure::{Figure, millis, percentile};
use crate::load::{self, CONFIG_MAPS, Step, config_map, path};

const COUNT: u32 = 10_000;
const CLIENTS: usize = 64;
/// Creations by one client alone.
const ALONE: u32 = 2000;

/// Each request, and how many seconds of processor time 1,000 of them may take.
const STEPS: &[(&str, f64, Step)] = &[
    ("create", 0.09, |api, number| {
        Box::pin(async move {
            let body = config_map(number, 0);
            api.ask(Method::POST, CONFIG_MAPS, body).await.map(drop)
        })
    }),
    ("get", 0.03, |api, number| {
        Box::pin(async move {
            api.ask(Method::GET, &path(number), Bytes::new())
                .await
                .map(drop)
        })
    }),
    ("update", 0.11, |api, number| {
        Box::pin(async move {
            let body = config_map(number, 1);
            api.ask(Method::PUT, &path(number), body).await.map(drop)
        })
    }),
    ("merge patch", 0.11, |api, number| {
        Box::pin(async move {
            let content = "application/merge-patch+json";
            let body = Bytes::from_static(br#"{"data":{"version":"2"}}"#);
            api.ask_with(Method::PATCH, &path(number), content, body)
                .await
                .map(drop)
        })
    }),
    ("server-side apply", 0.2, |api, number| {
        Box::pin(async move {
            let content = "application/apply-patch+yaml";
            let path = format!("{}?fieldManager=bench&force=true", path(number));
            let body = config_map(number, 3);
            api.ask_with(Method::PATCH, &path, content, body)
                .await
                .map(drop)
        })
    }),
    ("delete", 0.1, |api, number| {
        Box::pin(async move {
            api.ask(Method::DELETE, &path(number), Bytes::new())
                .await
                .map(drop)
        })
    }),
];

/// Does each to all of them, twice.
pub(crate) fn measure(gantry: &Path) -> Result<Vec<Figure>> {
    let cluster = Cluster::control_plane(gantry)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(all(gantry, &cluster))
}

async fn all(gantry: &Path, cluster: &Cluster) -> Result<Vec<Figure>> {
    let mut apart = Vec::new();
    for _ in 0..CLIENTS {
        apart.push(cluster.connect().await?);
    }
    let together = vec![apart[0].clone(); CLIENTS];
    let mut figures = Vec::new();
    for (name, budget, step) in STEPS {
        figures.extend(one(gantry, &together, *step, name, *budget).await?);
    }
    for (name, budget, step) in STEPS {
        let name = format!("{name}, a connection each");
        figures.extend(one(gantry, &apart, *step, &name, *budget).await?);
    }
    let (_, _, create) = STEPS[0];
    let took = load::run(gantry, &apart[..1], ALONE, create).await?;
    let median = millis(percentile(took.latencies, 50));
    figures.push(Figure::new("create by one client, median", median, "ms").at_most(0.5));
    Ok(figures)
}

async fn one(
    gantry: &Path,
    clients: &[Api],
    step: Step,
    name: &str,
    budget: f64,
) -> Result<[Figure; 3]> {
    let took = load::run(gantry, clients, COUNT, step).await;
    let took = took.with_context(|| format!("{name}: ConfigMaps"))?;
    let cost = took.server.as_secs_f64() / (f64::from(COUNT) / 1000.0);
    let rate = f64::from(COUNT) / took.wall.as_secs_f64();
    let slow = millis(percentile(took.latencies, 99));
    Ok([
        Figure::new(format!("{name}, server's CPU per 1,000"), cost, "CPU-s").at_most(budget),
        Figure::new(format!("  {name}, rate"), rate, "/s"),
        Figure::new(format!("  {name}, answer, 99 %"), slow, "ms"),
    ])
}

/// Makes so many ConfigMaps.
pub(crate) async fn fill(gantry: &Path, clients: &[Api], count: u32) -> Result<()> {
    let (_, _, create) = STEPS[0];
    let filled = load::run(gantry, clients, count, create).await;
    filled.map(drop).context("create ConfigMaps")
}
