//! What a cluster with nothing to do uses.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::cluster::Cluster;
use crate::figure::Figure;
use crate::processes::usage;

/// Time for what starting leaves to be done.
const SETTLE: Duration = Duration::from_secs(15);
const WATCHED: Duration = Duration::from_secs(60);
const MEBI: f64 = 1024.0 * 1024.0;

/// Memory at the end, and the share of a core over a minute.
pub(crate) fn measure(gantry: &Path) -> Result<Vec<Figure>> {
    let cluster = Cluster::prepare(gantry)?;
    cluster.gantry(&["up"])?;
    std::thread::sleep(SETTLE);
    let before = usage(gantry)?;
    std::thread::sleep(WATCHED);
    let after = usage(gantry)?;
    let busy = after.processor.saturating_sub(before.processor);
    let percent = busy.as_secs_f64() / WATCHED.as_secs_f64() * 100.0;
    let resident = f64::from(u32::try_from(after.resident_bytes / 1024)?) * 1024.0 / MEBI;
    Ok(vec![
        Figure::new("idle cluster, resident memory", resident, "MiB").at_most(80.0),
        Figure::new("idle cluster, share of a core", percent, "%").at_most(0.5),
    ])
}
