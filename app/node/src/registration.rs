//! Keeps the node's own object and lease as the kubelet decides, one beat after the other.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;

use gantry_api::Rejection;
use gantry_client::Access;
use gantry_driver::{ApiExecutor, End, Executor};
use gantry_kubelet::node_status::Facts;
use gantry_kubelet::registration::{LEASES, Registration};

use crate::agent::Agent;
use crate::{collect, host};

/// Registers the node and tells that it lives, until the agent ends.
pub(crate) async fn run(agent: Agent) {
    let executor = ApiExecutor::new(agent.api.clone(), "kubelet", agent.clock.clone());
    let mut registration = Registration::default();
    loop {
        let wait = match beat(&agent, &executor, &mut registration).await {
            Ok(wait) => wait,
            Err(rejection) => {
                tracing::warn!(%rejection, "could not read the node");
                registration.unread()
            }
        };
        collect::if_needed(&agent).await;
        agent.clock.sleep(wait).await;
    }
}

/// One beat; how long to wait for the next.
async fn beat(
    agent: &Agent,
    executor: &ApiExecutor,
    registration: &mut Registration,
) -> Result<Duration, Rejection> {
    let facts = facts(agent);
    let access = Access(agent.api.as_ref());
    let node = access.get::<Node>("", &facts.name).await?;
    let lease = access.get::<Lease>(LEASES, &facts.name).await?;
    let beat = registration.beat(&facts, node, lease);
    let outcome = executor.carry_out(beat.plan.actions.clone()).await;
    let well = matches!(outcome.end, End::Done);
    match outcome.end {
        End::Done => {}
        // Controllers write to a new node too: who comes second simply looks again.
        End::Stale => tracing::debug!("the node changed meanwhile"),
        End::Refused(_, why) | End::Failed(why) => {
            tracing::warn!(why, "could not report the node");
        }
    }
    Ok(registration.ended(&beat, well))
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
        addresses: agent.around.host_addresses.clone(),
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
