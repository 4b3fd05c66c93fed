//! From an empty data directory to a ready node.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::cluster::Cluster;
use crate::figure::{Figure, percentile};

const RUNS: usize = 5;

/// `up` returns when the node is ready; every run begins with nothing.
pub(crate) fn measure(gantry: &Path) -> Result<Vec<Figure>> {
    let mut empty = Vec::new();
    let mut again = Vec::new();
    for _ in 0..RUNS {
        let cluster = Cluster::prepare(gantry)?;
        let begun = Instant::now();
        cluster.gantry(&["up"])?;
        empty.push(begun.elapsed());
        let begun = Instant::now();
        cluster.gantry(&["up"])?;
        again.push(begun.elapsed());
    }
    let seconds = |all| percentile(all, 50).as_secs_f64();
    Ok(vec![
        Figure::new("empty data directory to node Ready", seconds(empty), "s").at_most(1.0),
        Figure::new("a second up", seconds(again), "s"),
    ])
}
