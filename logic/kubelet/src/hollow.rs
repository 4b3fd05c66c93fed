//! A container runtime that only pretends: sandboxes and containers as records, with no process
//! behind them.
//!
//! It keeps the promises of a real one about what may be repeated and what is left behind, so that
//! whoever drives it cannot tell the difference by what it sees. No time passes inside: the caller
//! says when something happens, a container's end included.

mod fleet;
mod host;
mod images;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use gantry_base::Timestamp;

use crate::sandbox::{
    Container, ContainerConfig, ContainerId, ContainerState, Exit, ExitReason, Sandbox,
    SandboxConfig, SandboxId, SandboxState,
};

pub use fleet::{Announced, Fleet, FleetError, LABEL, Member, NODES_MAX, PODS_MAX};
pub use host::{Done, Host, Started, config, takes};
pub use images::Pretended;

/// The exit code of a program that was killed.
pub const KILLED: i32 = 128 + 9;
/// The exit code of a program that ended because it was asked to.
pub const TERMINATED: i32 = 128 + 15;

/// Sandboxes and containers that only seem to be there.
#[derive(Clone, Debug, Default)]
pub struct Hollow {
    sandboxes: BTreeMap<SandboxId, Sandbox>,
    /// The number of the newest process.
    last_pid: u32,
}

/// Why a call was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HollowError {
    /// There is no such sandbox.
    #[error("find the sandbox {0}")]
    NoSuchSandbox(SandboxId),
    /// It was stopped, or lost what watched it.
    #[error("use the sandbox {0}: it was stopped")]
    Stopped(SandboxId),
    /// There is no such container.
    #[error("find the container {0}")]
    NoSuchContainer(ContainerId),
    /// It has ended, and what was asked needs that it has not.
    #[error("use the container {0}: it is not running")]
    NotRunning(ContainerId),
    /// There is another container of that name and attempt.
    #[error("make the container {0}: there is another of that name")]
    Taken(ContainerId),
}

impl Hollow {
    /// All that exists, in whatever state.
    #[must_use]
    pub fn list(&self) -> Vec<Sandbox> {
        self.all().cloned().collect()
    }

    /// The same, to look at.
    pub fn all(&self) -> impl Iterator<Item = &Sandbox> {
        self.sandboxes.values()
    }

    /// One sandbox, or none when it does not exist.
    #[must_use]
    pub fn inspect(&self, id: &SandboxId) -> Option<Sandbox> {
        self.get(id).cloned()
    }

    /// The same, to look at.
    #[must_use]
    pub fn get(&self, id: &SandboxId) -> Option<&Sandbox> {
        self.sandboxes.get(id)
    }

    /// Makes a sandbox, or returns the one that the pod has; one that is of no use is replaced.
    pub fn run_sandbox(&mut self, config: SandboxConfig, now: Timestamp) -> Sandbox {
        let id = config.id();
        let existing = self.sandboxes.get(&id);
        if let Some(existing) = existing.filter(|known| known.state == SandboxState::Ready) {
            return existing.clone();
        }
        let made = Sandbox {
            id: id.clone(),
            config,
            state: SandboxState::Ready,
            created_at: now,
            netns: None,
            containers: Vec::new(),
        };
        self.sandboxes.insert(id, made.clone());
        made
    }

    /// Ends all that runs in it at once; its records stay. Stopping what is gone succeeds.
    pub fn stop_sandbox(&mut self, id: &SandboxId, now: Timestamp) {
        self.end_all(id, (KILLED, None), now);
    }

    /// What watches it is gone, and all that ran in it with that.
    pub fn lose(&mut self, id: &SandboxId, now: Timestamp) {
        self.end_all(id, (KILLED, Some(ExitReason::ShimGone)), now);
    }

    fn end_all(
        &mut self,
        id: &SandboxId,
        (code, reason): (i32, Option<ExitReason>),
        now: Timestamp,
    ) {
        let Some(sandbox) = self.sandboxes.get_mut(id) else {
            return;
        };
        sandbox.state = SandboxState::NotReady;
        for container in &mut sandbox.containers {
            if let ContainerState::Running { started_at, .. } = container.state {
                let exit = Exit {
                    reason,
                    ..ended(code, started_at, now)
                };
                container.state = ContainerState::Exited(exit);
            }
        }
    }

    /// Stops it and forgets it and its containers. Removing what is gone succeeds.
    pub fn remove_sandbox(&mut self, id: &SandboxId) {
        self.sandboxes.remove(id);
    }

    /// Makes a container without running it; the same again is the same container.
    ///
    /// # Errors
    /// The sandbox cannot be used, or another container has that name and attempt.
    pub fn create(
        &mut self,
        within: &SandboxId,
        config: ContainerConfig,
        now: Timestamp,
    ) -> Result<ContainerId, HollowError> {
        let sandbox = self.sandboxes.get_mut(within);
        let sandbox = sandbox.ok_or_else(|| HollowError::NoSuchSandbox(within.clone()))?;
        if sandbox.state != SandboxState::Ready {
            return Err(HollowError::Stopped(within.clone()));
        }
        let id = config.id(within.clone());
        match sandbox.containers.iter().find(|known| known.id == id) {
            Some(existing) if existing.config == config => return Ok(id),
            Some(_) => return Err(HollowError::Taken(id)),
            None => {}
        }
        sandbox.containers.push(Container {
            id: id.clone(),
            config,
            created_at: now,
            state: ContainerState::Created,
        });
        let order = |container: &Container| (container.id.name.clone(), container.id.attempt);
        sandbox.containers.sort_by_key(order);
        Ok(id)
    }

    /// Runs it; what runs already goes on.
    ///
    /// # Errors
    /// It has ended, or does not exist, or its sandbox was stopped.
    pub fn start(&mut self, id: &ContainerId, now: Timestamp) -> Result<(), HollowError> {
        let pid = self.last_pid.saturating_add(1);
        let is_stopped = self.is_stopped(id);
        let container = self.find(id)?;
        match container.state {
            ContainerState::Exited(_) => return Err(HollowError::NotRunning(id.clone())),
            ContainerState::Running { .. } => return Ok(()),
            ContainerState::Created if is_stopped => {
                return Err(HollowError::Stopped(id.sandbox.clone()));
            }
            ContainerState::Created => {}
        }
        container.state = ContainerState::Running {
            started_at: now,
            pid,
        };
        self.last_pid = pid;
        Ok(())
    }

    /// Tries to run it, in vain: it has ended without having run, and says why.
    ///
    /// # Errors
    /// As with [`start`](Self::start).
    pub fn start_in_vain(
        &mut self,
        id: &ContainerId,
        why: &str,
        now: Timestamp,
    ) -> Result<(), HollowError> {
        self.start(id, now)?;
        self.find(id)?.state = ContainerState::Exited(Exit {
            message: why.to_owned(),
            reason: Some(ExitReason::StartError),
            ..never_ran(128, now)
        });
        Ok(())
    }

    /// Its program ends by itself. Whether it ran.
    pub fn exit(&mut self, id: &ContainerId, code: i32, now: Timestamp) -> bool {
        let Ok(container) = self.find(id) else {
            return false;
        };
        let ContainerState::Running { started_at, .. } = container.state else {
            return false;
        };
        container.state = ContainerState::Exited(ended(code, started_at, now));
        true
    }

    /// The end of a stop: the program ends with `code` if it still ran. Answers how it ended,
    /// however long ago that was.
    ///
    /// # Errors
    /// There is no such container.
    pub fn stop(
        &mut self,
        id: &ContainerId,
        code: i32,
        now: Timestamp,
    ) -> Result<Exit, HollowError> {
        let container = self.find(id)?;
        let exit = match &container.state {
            ContainerState::Exited(exit) => exit.clone(),
            ContainerState::Running { started_at, .. } => ended(code, *started_at, now),
            ContainerState::Created => never_ran(KILLED, now),
        };
        container.state = ContainerState::Exited(exit.clone());
        Ok(exit)
    }

    /// Ends it at once if it runs, and forgets it. Removing what is gone succeeds.
    pub fn remove(&mut self, id: &ContainerId) {
        if let Some(sandbox) = self.sandboxes.get_mut(&id.sandbox) {
            sandbox.containers.retain(|known| known.id != *id);
        }
    }

    fn is_stopped(&self, id: &ContainerId) -> bool {
        let sandbox = self.sandboxes.get(&id.sandbox);
        sandbox.is_some_and(|sandbox| sandbox.state == SandboxState::NotReady)
    }

    fn find(&mut self, id: &ContainerId) -> Result<&mut Container, HollowError> {
        let sandbox = self.sandboxes.get_mut(&id.sandbox);
        let sandbox = sandbox.ok_or_else(|| HollowError::NoSuchSandbox(id.sandbox.clone()))?;
        let mut containers = sandbox.containers.iter_mut();
        let found = containers.find(|known| known.id == *id);
        found.ok_or_else(|| HollowError::NoSuchContainer(id.clone()))
    }
}

fn ended(code: i32, started_at: Timestamp, now: Timestamp) -> Exit {
    Exit {
        started_at: Some(started_at),
        signal: (128 < code && code <= 128 + 64).then_some(code - 128),
        ..never_ran(code, now)
    }
}

fn never_ran(code: i32, now: Timestamp) -> Exit {
    Exit {
        code,
        signal: None,
        oom_killed: false,
        started_at: None,
        finished_at: now,
        message: String::new(),
        reason: None,
    }
}
