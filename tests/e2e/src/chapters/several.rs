//! Several clusters on one machine share nothing.

use anyhow::{Result, ensure};

use super::tests;
use crate::harness::{Cluster, Lab, Test};

pub(crate) const TESTS: &[Test] = tests![two_clusters_live_side_by_side];

fn two_clusters_live_side_by_side(lab: &Lab) -> Result<()> {
    let (one, two) = (
        Cluster::prepare(lab, "e2e-one")?,
        Cluster::prepare(lab, "e2e-two")?,
    );
    one.up()?;
    two.up()?;
    let mut addresses = Vec::new();
    for cluster in [&one, &two] {
        cluster.k("run web --image=nginx")?;
        let pod = cluster.ready("web")?;
        addresses.push(
            pod["status"]["podIP"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        );
        let context = cluster.k("config current-context")?;
        ensure!(
            context.contains(cluster.name()),
            "name the context: {context}"
        );
    }
    let range = |address: &str| address.rsplitn(3, '.').last().map(str::to_owned);
    ensure!(
        range(&addresses[0]) != range(&addresses[1]),
        "keep ranges apart: {addresses:?}"
    );
    one.down("--purge")?;
    two.ready("web")?;
    let said = two.k("exec web -- wget -qO- http://127.0.0.1/")?;
    ensure!(said == "first\n", "leave the other alone: {said}");
    Ok(())
}
