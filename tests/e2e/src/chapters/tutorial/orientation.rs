//! What is there: the cluster, its node, its kinds.

use anyhow::{Result, ensure};

use crate::harness::Cluster;

/// Asks everything a newcomer asks first.
pub(crate) fn look_around(cluster: &Cluster<'_>) -> Result<()> {
    let expected = [
        ("cluster-info", "control plane"),
        ("version", "v1.35."),
        ("get nodes", " Ready "),
        ("get nodes -o wide", "INTERNAL-IP"),
        ("api-resources", "deployments"),
        ("explain pod.spec.containers", "image"),
    ];
    for (words, part) in expected {
        let said = cluster.k(words)?;
        ensure!(
            said.contains(part),
            "find {part:?} in what `{words}` says: {said}"
        );
    }
    Ok(())
}
