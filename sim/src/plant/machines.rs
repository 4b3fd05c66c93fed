//! What can be wrong with what a node does.

use std::time::Duration;

use gantry_kubelet::agent::{Step, Turn};
use gantry_kubelet::pod::PodAction;
use gantry_kubelet::sandbox::{ContainerState, Sandbox, SandboxConfig, SandboxId, SandboxState};
use gantry_kubelet::sandbox_config::address;

use super::{Bug, Plant};
use gantry_api::views::Meta;

impl Plant {
    /// The agent begins to live.
    pub(crate) fn born(&mut self) {
        self.memory.births += 1;
    }

    /// Whether an agent takes over what an earlier one left.
    pub(crate) fn adopts(&self) -> bool {
        !self.is(Bug::AdoptsNothing)
    }

    /// What is left of a node's plan.
    pub(crate) fn steps(&mut self, turn: &Turn, steps: &mut Vec<Step>) {
        match self.bug {
            Some(Bug::StartsTwice) if self.memory.births > 1 => start_again(turn, steps),
            Some(Bug::DeletesUnstopped) => delete_unstopped(turn, steps),
            Some(Bug::ReadyUnasked) => steps.iter_mut().for_each(super::reports::say_ready),
            Some(Bug::HidesEnds) => steps.retain(|step| !super::reports::tells_of_end(step)),
            _ => {}
        }
    }

    /// The sandbox that is made, given those that there are.
    pub(crate) fn sandbox<'a>(
        &mut self,
        mut config: SandboxConfig,
        mut all: impl Iterator<Item = &'a Sandbox>,
    ) -> SandboxConfig {
        if !self.acts(Bug::AddressTwice, 10) {
            return config;
        }
        let is_live = |sandbox: &&Sandbox| sandbox.state == SandboxState::Ready;
        let other = all.find(is_live).filter(|_| address(&config).is_some());
        if let Some(other) = other {
            config.annotations.clone_from(&other.config.annotations);
        }
        config
    }

    /// Whether the address of a sandbox that is gone is not given back.
    pub(crate) fn keeps_address(&self) -> bool {
        self.is(Bug::LeaksAddress)
    }

    /// Whether a sandbox stays that was to be removed, and is not looked at again.
    pub(crate) fn leaves(&mut self, sandbox: &SandboxId) -> bool {
        let leaves = self.acts(Bug::LeavesSandbox, 5);
        if leaves {
            self.memory.left.insert(sandbox.clone());
        }
        leaves
    }

    /// Whether a sandbox stayed behind.
    pub(crate) fn has_left(&self, sandbox: &SandboxId) -> bool {
        self.memory.left.contains(sandbox)
    }

    /// How long a node waits until its heart beats again.
    pub(crate) fn beat(&mut self, wait: Duration) -> Duration {
        if wait >= Duration::from_secs(10) && self.acts(Bug::SkipsBeats, 4) {
            return wait * 8;
        }
        wait
    }
}

/// Starts what runs, once more.
fn start_again(turn: &Turn, steps: &mut Vec<Step>) {
    let Some(world) = turn
        .world
        .as_ref()
        .filter(|world| !world.pod.is_terminating())
    else {
        return;
    };
    let containers = world.sandbox.iter().flat_map(|sandbox| &sandbox.containers);
    let running = containers.filter(|known| matches!(known.state, ContainerState::Running { .. }));
    steps.extend(running.map(|container| Step {
        key: turn.key.clone(),
        pod: Some(world.pod.clone()),
        action: PodAction::Start {
            container: container.id.name.clone(),
            attempt: container.id.attempt + 1,
            step: 0,
        },
    }));
}

/// Removes a pod from the API instead of stopping it.
fn delete_unstopped(turn: &Turn, steps: &mut [Step]) {
    let is_going = turn
        .world
        .as_ref()
        .is_some_and(|world| world.pod.is_terminating());
    for step in steps.iter_mut().filter(|_| is_going) {
        if matches!(step.action, PodAction::Stop { .. }) {
            step.action = PodAction::Delete;
        }
    }
}
