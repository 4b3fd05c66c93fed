//! A million objects of 1 KiB: how much memory they take, and how soon a server that was killed serves
//! them again.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use bytes::Bytes;
use http::Method;
use tokio::runtime::Builder;

use crate::cluster::Cluster;
use crate::figure::Figure;
use crate::load::path;
use crate::processes::usage;
use crate::requests::fill;

const COUNT: u32 = 1_000_000;
const CLIENTS: usize = 64;

/// Makes them, stops the server and starts it again.
pub(crate) fn measure(gantry: &Path) -> Result<Vec<Figure>> {
    let cluster = Cluster::control_plane(gantry)?;
    let before = usage(gantry)?.resident_bytes;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(cluster.connect().await?);
        }
        fill(gantry, &clients, COUNT).await
    })?;
    cluster.gantry(&["down"])?;
    let begun = Instant::now();
    cluster.gantry(&["up", "--no-node"])?;
    runtime.block_on(async {
        let client = cluster.connect().await?;
        client
            .ask(Method::GET, &path(COUNT - 1), Bytes::new())
            .await
    })?;
    let restart = begun.elapsed().as_secs_f64();
    let grown = usage(gantry)?.resident_bytes.saturating_sub(before);
    let each = f64::from(u32::try_from(grown / 1024)?) / f64::from(COUNT);
    Ok(vec![
        Figure::new("a million objects, start to serving", restart, "s").at_most(5.0),
        Figure::new("  resident memory of each", each, "KiB").at_most(2.5),
    ])
}
