//! `gantry agent`: nodes for a server that is somewhere else. Only hollow ones are built.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tracing::info;

use gantry_client::kubeconfig::Overrides;
use gantry_client::{Api, Kubeconfig, Remote};
use gantry_gateway::SystemClock;
use gantry_kubelet::hollow::{Announced, Fleet};
use gantry_node::HollowNodes;

use crate::cluster::VERSION;
use crate::options::Agent as Options;
use crate::server::{log, until_asked_to_end};

/// What the server calls us in managed fields.
const AGENT: &str = "kubelet";

/// Runs the nodes until it is asked to end.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let Some(count) = options.hollow else {
        bail!("an agent that runs containers is not built yet: say --hollow N for nodes without");
    };
    log();
    let fleet = fleet(options, count).context("could not start")?;
    let remote = remote(options)?;
    let server = remote.endpoint().url();
    let api: Arc<dyn Api> = Arc::new(remote);
    let nodes = HollowNodes::start(&fleet, api, Arc::new(SystemClock::default()));
    // Somebody may lose patience with a server that does not answer.
    let nodes = tokio::select! {
        nodes = nodes => nodes.context("could not start")?,
        ended = until_asked_to_end() => return ended,
    };
    info!(count, server, "hollow nodes begin");
    tokio::select! {
        () = say_when_registered(&nodes, count) => {}
        ended = until_asked_to_end() => ended?,
    }
    if !options.remove {
        nodes.stop().await;
        return Ok(());
    }
    nodes.remove().await.context("could not finish")
}

/// Says so once, and then nothing for ever.
async fn say_when_registered(nodes: &HollowNodes, count: u32) {
    nodes.registered().await;
    info!(count, "all hollow nodes are registered");
    std::future::pending::<()>().await;
}

fn fleet(options: &Options, count: u32) -> Result<Fleet> {
    let memory = u64::try_from(options.memory.value());
    let announced = Announced {
        max_pods: options.pods_per_node,
        cpus: options.cpus,
        memory_bytes: memory.context("--memory is less than nothing")?,
        version: VERSION.to_owned(),
    };
    let (first, prefix) = (options.first_number, options.name_prefix.as_str());
    Ok(Fleet::new(count, first, prefix, announced)?)
}

fn remote(options: &Options) -> Result<Remote> {
    let path = options.kubeconfig.as_deref();
    let config = Kubeconfig::load(path).context("could not read the kubeconfig")?;
    let overrides = Overrides {
        context: options.context.clone(),
        ..Overrides::default()
    };
    let endpoint = config
        .endpoint(&overrides)
        .context("could not find the server in the kubeconfig")?;
    Remote::new(endpoint, AGENT).context("could not prepare to ask the server")
}
