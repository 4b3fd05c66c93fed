//! What a machine has, whatever its agent remembers: containers that seem to run, images, rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_kubelet::hollow::{Hollow, HollowError, KILLED, Pretended};
use gantry_kubelet::sandbox::{
    Container, ContainerConfig, ContainerId, ContainerState, PodRef, Sandbox, SandboxConfig,
    SandboxId, SandboxState,
};
use gantry_kubelet::sandbox_config::address;
use gantry_routing::Ruleset;

use crate::actor::{Desk, Ticket};
use crate::fact::Fact;
use crate::faults::Fault;

/// A machine with its runtime.
#[derive(Debug)]
pub(super) struct Machine {
    node: String,
    pub(super) runtime: Hollow,
    pub(super) images: Pretended,
    pub(super) rules: Arc<Ruleset>,
    /// Containers that will end by themselves.
    ends: BTreeMap<Ticket, ContainerId>,
}

impl Machine {
    pub(super) fn new(node: &str) -> Self {
        Self {
            node: node.to_owned(),
            runtime: Hollow::default(),
            images: Pretended::default(),
            rules: Arc::default(),
            ends: BTreeMap::new(),
        }
    }

    /// Whether a ticket is for something that happens without the agent.
    pub(super) fn is_own(&self, ticket: Ticket) -> bool {
        self.ends.contains_key(&ticket)
    }

    /// The container that ends now, if it is still there.
    pub(super) fn end_due(&mut self, ticket: Ticket) -> Option<ContainerId> {
        self.ends.remove(&ticket)
    }

    /// Draws anew when what runs will end by itself: who was to tell of it has died.
    pub(super) fn expect_ends(&mut self, desk: &mut Desk<'_>) {
        self.ends.clear();
        for sandbox in self.runtime.list() {
            for container in running(&sandbox) {
                self.expect_end(&container.id, desk);
            }
        }
    }

    pub(super) fn pod_of(&self, id: &SandboxId) -> Option<PodRef> {
        Some(self.runtime.inspect(id)?.config.pod)
    }

    pub(super) fn run_sandbox(&mut self, config: SandboxConfig, desk: &mut Desk<'_>) -> Sandbox {
        let made = self.runtime.run_sandbox(config, desk.now);
        desk.tell(Fact::Sandbox {
            node: self.node.clone(),
            pod: made.config.pod.clone(),
            address: address(&made.config),
        });
        made
    }

    pub(super) fn stop_sandbox(&mut self, id: &SandboxId, desk: &mut Desk<'_>) {
        let Some(sandbox) = self.runtime.inspect(id) else {
            return;
        };
        self.tell_ends(&sandbox, KILLED, desk);
        self.runtime.stop_sandbox(id, desk.now);
        self.tell_gone(&sandbox, desk);
    }

    pub(super) fn remove_sandbox(&mut self, id: &SandboxId, desk: &mut Desk<'_>) {
        self.stop_sandbox(id, desk);
        self.runtime.remove_sandbox(id);
    }

    pub(super) fn create(
        &mut self,
        within: &SandboxId,
        config: ContainerConfig,
        now: Timestamp,
    ) -> Result<ContainerId, HollowError> {
        self.runtime.create(within, config, now)
    }

    pub(super) fn start(
        &mut self,
        id: &ContainerId,
        desk: &mut Desk<'_>,
    ) -> Result<(), HollowError> {
        self.runtime.start(id, desk.now)?;
        if let Some(pod) = self.pod_of(&id.sandbox) {
            desk.tell(Fact::Started {
                node: self.node.clone(),
                pod,
                container: id.name.clone(),
                attempt: id.attempt,
            });
        }
        self.expect_end(id, desk);
        Ok(())
    }

    /// Draws when a container will end by itself. Init containers always do, and soon.
    fn expect_end(&mut self, id: &ContainerId, desk: &mut Desk<'_>) {
        let lasts = if id.name.starts_with("first") {
            Some(
                desk.dice
                    .between(Duration::from_millis(50), Duration::from_secs(3)),
            )
        } else {
            desk.luck.next(Fault::ContainerDies)
        };
        if let Some(lasts) = lasts {
            let ticket = desk.later(lasts);
            self.ends.insert(ticket, id.clone());
        }
    }

    /// A container ends with this code, by itself or because it was asked to.
    pub(super) fn end(&mut self, id: &ContainerId, code: i32, desk: &mut Desk<'_>) {
        if !self.runtime.exit(id, code, desk.now) {
            return;
        }
        if let Some(pod) = self.pod_of(&id.sandbox) {
            self.tell_end(&pod, id, code, desk);
        }
    }

    /// All containers of the pod of that name end; whose sandbox that was.
    pub(super) fn end_all(&mut self, pod: &str, code: i32, desk: &mut Desk<'_>) -> Vec<SandboxId> {
        let mut ended = Vec::new();
        for sandbox in self.runtime.list() {
            if sandbox.config.pod.name != pod {
                continue;
            }
            for container in running(&sandbox) {
                self.end(&container.id, code, desk);
                ended.push(sandbox.id.clone());
            }
        }
        ended
    }

    /// Everything that ran has ended; what was on the disk is still there.
    pub(super) fn power_cut(&mut self, desk: &mut Desk<'_>) {
        for sandbox in self.runtime.list() {
            self.tell_ends(&sandbox, KILLED, desk);
            self.runtime.lose(&sandbox.id, desk.now);
            self.tell_gone(&sandbox, desk);
        }
        self.rules = Arc::default();
        self.ends.clear();
        desk.tell(Fact::Rules {
            node: self.node.clone(),
            rules: Arc::clone(&self.rules),
        });
    }

    fn tell_gone(&self, sandbox: &Sandbox, desk: &mut Desk<'_>) {
        if sandbox.state == SandboxState::Ready {
            desk.tell(Fact::NoSandbox {
                node: self.node.clone(),
                pod: sandbox.config.pod.clone(),
            });
        }
    }

    fn tell_ends(&self, sandbox: &Sandbox, code: i32, desk: &mut Desk<'_>) {
        for container in running(sandbox) {
            self.tell_end(&sandbox.config.pod, &container.id, code, desk);
        }
    }

    fn tell_end(&self, pod: &PodRef, id: &ContainerId, code: i32, desk: &mut Desk<'_>) {
        desk.tell(Fact::Ended {
            node: self.node.clone(),
            pod: pod.clone(),
            container: id.name.clone(),
            attempt: id.attempt,
            code,
        });
    }
}

fn running(sandbox: &Sandbox) -> impl Iterator<Item = &Container> {
    let containers = sandbox.containers.iter();
    containers.filter(|container| matches!(container.state, ContainerState::Running { .. }))
}
