//! Keeps the node's own object and lease as they should be.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;

use gantry_api::Rejection;
use gantry_base::Timestamp;
use gantry_base::backoff::Backoff;
use gantry_base::time::since;
use gantry_client::Access;
use gantry_kubelet::node_status::{Facts, claim, is_news, lease, new_node, status};

use crate::agent::Agent;
use crate::{collect, host};

/// How often the lease is renewed and the machine looked at.
const PERIOD: Duration = Duration::from_secs(10);
/// How often a status is written that says nothing new.
const REPORT_AT_LEAST: Duration = Duration::from_secs(300);
/// How long to wait before what failed is tried again.
const DELAYS: Backoff = Backoff {
    first: Duration::from_millis(50),
    longest: Duration::from_secs(10),
};

/// Registers the node and tells that it lives, until the agent ends.
pub(crate) async fn run(agent: Agent) {
    let (mut failures, mut reported) = (0, None);
    loop {
        let wait = match beat(&agent, &mut reported).await {
            Ok(()) => {
                failures = 0;
                PERIOD
            }
            Err(rejection) => {
                // Controllers write to a new node too: who comes second simply looks again.
                if matches!(rejection, Rejection::Conflict { .. }) {
                    tracing::debug!(%rejection, "the node changed meanwhile");
                } else {
                    tracing::warn!(%rejection, "could not report the node");
                }
                failures += 1;
                DELAYS.delay(failures - 1)
            }
        };
        collect::if_needed(&agent).await;
        agent.clock.sleep(wait).await;
    }
}

async fn beat(agent: &Agent, reported: &mut Option<Timestamp>) -> Result<(), Rejection> {
    let facts = facts(agent);
    let node = own_node(agent, &facts).await?;
    let known = node.status.clone().unwrap_or_default();
    let new = status(&known, &facts);
    let is_due = reported.is_none_or(|at| since(facts.now, at) >= REPORT_AT_LEAST);
    if is_due || is_news(&known, &new) {
        let told = Node {
            status: Some(new),
            ..node.clone()
        };
        Access(agent.api.as_ref())
            .update(&told, Some("status"))
            .await?;
        *reported = Some(facts.now);
    }
    renew_lease(agent, &node, facts.now).await
}

/// The node's object, made or put right where it has to be.
async fn own_node(agent: &Agent, facts: &Facts) -> Result<Node, Rejection> {
    let access = Access(agent.api.as_ref());
    let Some(mut node) = access.get::<Node>("", &facts.name).await? else {
        return access.create(&new_node(facts)).await;
    };
    if claim(&mut node, facts) {
        return access.update(&node, None).await;
    }
    Ok(node)
}

async fn renew_lease(agent: &Agent, node: &Node, now: Timestamp) -> Result<(), Rejection> {
    let access = Access(agent.api.as_ref());
    let name = &agent.config.name;
    let known = access.get::<Lease>("kube-node-lease", name).await?;
    let is_new = known.is_none();
    let lease = lease(known, node, now);
    if is_new {
        access.create(&lease).await.map(drop)
    } else {
        access.update(&lease, None).await.map(drop)
    }
}

fn facts(agent: &Agent) -> Facts {
    let config = &agent.config;
    let images = agent.images.list().unwrap_or_default();
    let named = images.into_iter().map(|image| {
        let names = image.repo_digests.into_iter().chain(image.refs).collect();
        (names, image.size)
    });
    Facts {
        now: agent.clock.now(),
        name: config.name.clone(),
        addresses: agent.host_addresses(),
        machine: agent.machine.clone(),
        version: config.version.clone(),
        runtime: concat!("gantry://", env!("CARGO_PKG_VERSION")).to_owned(),
        port: i32::from(config.port),
        max_pods: config.max_pods,
        reserved: config.reserved,
        pod_range: config.network.node_range.to_string(),
        images: named.collect(),
        pressure: host::pressure(&config.data_dir),
        unready: None,
    }
}
