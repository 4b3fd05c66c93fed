//! Makes a pod's sandbox with its network, stops it, and removes it with all that is left.

use k8s_openapi::api::core::v1::Pod;

use gantry_api::views::Meta;
use gantry_kubelet::agent::leaves_nothing;
use gantry_kubelet::sandbox::{PodRef, Sandbox, SandboxId};

use super::note;
use crate::agent::Agent;
use crate::{NodeError, host};

/// Makes the sandbox and connects it.
pub(super) async fn run(agent: &Agent, (key, pod): (&PodRef, &Pod)) -> bool {
    let made = make(agent, (key, pod)).await;
    agent.state.lock().made(key);
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
    let names = host::names(agent);
    let config = agent.state.lock().sandbox_config(key, pod, &names)?;
    let sandbox = agent.runtime.run_sandbox(config).await?;
    agent.connect(&sandbox).await?;
    Ok(sandbox)
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
        agent.state.lock().sandbox_stopped(key);
        agent.rules.push([()]);
    }
    agent.look(id).await;
    well
}

/// Removes the sandbox; with it volumes and logs, unless the pod shall run again.
pub(super) async fn remove(agent: &Agent, key: &PodRef, pod: Option<&Pod>) -> bool {
    let removed = async {
        let id = SandboxId(key.uid.clone());
        agent.runtime.remove_sandbox(id).await?;
        agent.network.detach(key.uid.clone()).await?;
        if leaves_nothing(pod) {
            remove_directory(agent, pod.map_or(key.uid.as_str(), Meta::uid)).await?;
        }
        Ok::<(), NodeError>(())
    };
    if !told(removed.await, key, "remove a sandbox") {
        return false;
    }
    agent.state.lock().sandbox_removed(key, pod);
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
