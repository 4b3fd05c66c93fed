//! Makes a pod's sandbox with its network, stops it, and removes it with all that is left.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::Pod;

use gantry_api::views::{Meta, PodView};
use gantry_kubelet::pod::Volumes;
use gantry_kubelet::sandbox::{PodRef, Sandbox, SandboxId};
use gantry_kubelet::sandbox_config::sandbox_config;

use super::note;
use crate::agent::Agent;
use crate::{NodeError, host};

/// Makes the sandbox and connects it.
pub(super) async fn run(agent: &Agent, (key, pod): (&PodRef, &Pod)) -> bool {
    agent.state.lock().pod(key).making = true;
    let made = make(agent, (key, pod)).await;
    agent.state.lock().pod(key).making = false;
    match made {
        Ok(sandbox) => {
            agent.look(sandbox.id).await;
            agent.rules.push([()]);
            true
        }
        Err(error) => {
            let why = gantry_base::chain(&error);
            let message = format!("Failed to create pod sandbox: {why}");
            agent.tell(note((pod, ""), (true, "FailedCreatePodSandBox"), message));
            false
        }
    }
}

async fn make(agent: &Agent, (key, pod): (&PodRef, &Pod)) -> Result<Sandbox, NodeError> {
    let host_network = pod
        .spec
        .as_ref()
        .is_some_and(|spec| spec.host_network == Some(true));
    let address = if host_network {
        None
    } else {
        Some(address(agent, key)?)
    };
    let text = address.map(|address| address.to_string());
    let config = sandbox_config(pod, text.as_deref(), &host::names(agent));
    let sandbox = agent.runtime.run_sandbox(config).await?;
    if let (Some(address), Some(namespace)) = (address, sandbox.netns.clone()) {
        let id = key.uid.clone();
        let connected = gantry_netdev::Sandbox {
            id,
            namespace,
            address,
        };
        agent.network.attach(connected).await?;
    }
    Ok(sandbox)
}

/// The pod's address: the one that it has, or a new one.
fn address(agent: &Agent, key: &PodRef) -> Result<Ipv4Addr, NodeError> {
    let mut state = agent.state.lock();
    if let Some(address) = state.pod(key).address {
        return Ok(address);
    }
    let address = state.pool.take()?;
    state.pod(key).address = Some(address);
    Ok(address)
}

/// Ends everything in the sandbox and gives its network back.
pub(super) async fn stop(agent: &Agent, key: &PodRef) -> bool {
    let id = SandboxId(key.uid.clone());
    let stopped = async {
        agent.runtime.stop_sandbox(id.clone()).await?;
        agent.network.detach(key.uid.clone()).await?;
        Ok::<(), NodeError>(())
    };
    let well = told(stopped.await, key, "stop a sandbox");
    if well {
        agent.state.lock().release(key);
        agent.rules.push([()]);
    }
    agent.look(id).await;
    well
}

/// Removes the sandbox; with it volumes and logs, unless the pod shall run again.
pub(super) async fn remove(agent: &Agent, key: &PodRef, pod: Option<&Pod>) -> bool {
    let again = pod.is_some_and(PodView::is_active);
    let removed = async {
        let id = SandboxId(key.uid.clone());
        agent.runtime.remove_sandbox(id).await?;
        agent.network.detach(key.uid.clone()).await?;
        if !again {
            remove_directory(agent, pod.map_or(key.uid.as_str(), Meta::uid)).await?;
        }
        Ok::<(), NodeError>(())
    };
    if !told(removed.await, key, "remove a sandbox") {
        return false;
    }
    let mut state = agent.state.lock();
    state.release(key);
    if pod.is_none() {
        state.pods.remove(key);
    } else {
        let known = state.pod(key);
        known.sandbox = None;
        known.probes.clear();
        if !again {
            known.volumes = Volumes::Absent;
            known.mounted = None;
        }
    }
    drop(state);
    agent.rules.push([()]);
    true
}

async fn remove_directory(agent: &Agent, uid: &str) -> Result<(), NodeError> {
    let (volumes, uid) = (agent.volumes.clone(), uid.to_owned());
    let removed = tokio::task::spawn_blocking(move || volumes.remove(&uid)).await;
    let removed = removed.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    Ok(removed?)
}

fn told(outcome: Result<(), NodeError>, key: &PodRef, what: &'static str) -> bool {
    if let Err(error) = &outcome {
        let error = gantry_base::chain(error);
        tracing::warn!(pod = %key, error, "could not {what}");
    }
    outcome.is_ok()
}
