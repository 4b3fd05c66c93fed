//! Hooks: what a container wants to be done after its start and before its end.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, LifecycleHandler};

use gantry_kubelet::sandbox::{ContainerId, PodRef};

use crate::agent::Agent;
use crate::probing::{self, program, web};

/// How long a hook's request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a hook to its end.
pub(crate) async fn run(
    agent: &Agent,
    (key, spec): (&PodRef, &Container),
    id: &ContainerId,
    hook: &LifecycleHandler,
) -> Result<(), String> {
    if let Some(exec) = &hook.exec {
        let argv = exec.command.clone().unwrap_or_default();
        return match program::run(agent, id.clone(), argv).await? {
            (0, _) => Ok(()),
            (code, output) => Err(format!("command exited with {code}: {output}")),
        };
    }
    if let Some(get) = &hook.http_get {
        let host = probing::address(agent, key).unwrap_or_default();
        let target = web::Target::new(get, &host, spec)?;
        let asked = tokio::time::timeout(PATIENCE, web::get(&target)).await;
        return asked.map_err(|_| "timed out".to_owned())?.map(drop);
    }
    if let Some(sleep) = &hook.sleep {
        let seconds = u64::try_from(sleep.seconds).unwrap_or(0);
        agent.clock.sleep(Duration::from_secs(seconds)).await;
    }
    Ok(())
}
