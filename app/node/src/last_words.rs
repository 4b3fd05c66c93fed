//! The end of a container's log, when that is all it said about its failure.

use gantry_kubelet::container::MESSAGE_FROM_LOG;
use gantry_kubelet::sandbox::{Container, ContainerState, Sandbox};

use crate::logs;

/// How much of the log counts.
const LINES: usize = 80;
/// How many bytes of it.
const BYTES: usize = 2048;

/// The sandbox, with the messages of containers whose logs speak for them.
pub(crate) async fn complete(sandbox: Sandbox) -> Sandbox {
    if !sandbox.containers.iter().any(is_silent) {
        return sandbox;
    }
    let completed = tokio::task::spawn_blocking(move || {
        let mut sandbox = sandbox;
        for container in sandbox.containers.iter_mut().filter(|all| is_silent(all)) {
            let text = logs::tail(&container.config.log_path, LINES, BYTES);
            if let ContainerState::Exited(exit) = &mut container.state {
                exit.message = text;
            }
        }
        sandbox
    });
    completed
        .await
        .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

fn is_silent(container: &Container) -> bool {
    let asked = container.config.annotations.contains_key(MESSAGE_FROM_LOG);
    match &container.state {
        ContainerState::Exited(exit) => asked && exit.code != 0 && exit.message.is_empty(),
        ContainerState::Created | ContainerState::Running { .. } => false,
    }
}
