//! `gantry down`: stop everything that was started, and leave nothing.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use gantry_images::{Images, Registries};
use gantry_node::Node;

use crate::cluster::{Cluster, data_dir};
use crate::options::{Down, Which};
use crate::output::{self, Progress};
use crate::process::{end, require_root};
use crate::server::node_config;
use crate::{encryption, kubeconfig};

/// Ends the server, then all pods, then what they used.
pub(crate) async fn run(which: &Which, options: &Down) -> Result<()> {
    let Some(cluster) = Cluster::find(which)? else {
        output::line(format!(
            "There is no cluster {:?} in {}.",
            which.name,
            data_dir(which).display()
        ));
        return Ok(());
    };
    if cluster.has_node {
        require_root()?;
    }
    let progress = Progress::begin("stopping the server");
    if end(&cluster).await? {
        progress.done("server stopped");
    }
    if cluster.has_node {
        progress.now("stopping the pods");
        remove_node(&cluster).await?;
        progress.done("pods, mounts, cgroups, links and packet rules removed");
    }
    if options.purge {
        purge(&cluster)?;
        progress.done("data and kubeconfig context deleted");
    }
    drop(progress);
    let kept = if options.purge {
        ""
    } else {
        " Its data is kept; `gantry up` goes on from here."
    };
    output::line(format!("The cluster {:?} is down.{kept}", cluster.name));
    Ok(())
}

async fn remove_node(cluster: &Cluster) -> Result<()> {
    let images =
        Images::open(&cluster.images(), Registries::default()).context("open the image store")?;
    Node::purge(&node_config(cluster)?, images)
        .await
        .context("clean up after the node")
}

fn purge(cluster: &Cluster) -> Result<()> {
    kubeconfig::forget(cluster)?;
    encryption::purge(cluster)?;
    let dir = &cluster.data_dir;
    ensure!(
        dir.parent().is_some() && dir != Path::new("/"),
        "refusing to delete {}",
        dir.display()
    );
    std::fs::remove_dir_all(dir).with_context(|| format!("delete {}", dir.display()))
}
