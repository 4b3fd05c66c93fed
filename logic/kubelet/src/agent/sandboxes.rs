//! Sandboxes: made with an address, seen, adopted, stopped, removed.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::Pod;

use gantry_api::views::PodView;
use gantry_reconcile::View;
use gantry_routing::{AddressPool, Exhausted};

use super::known::uses_host_network;
use super::{Known, State};
use crate::pod::{Task, Volumes};
use crate::sandbox::{ContainerId, ContainerState, PodRef, Sandbox, SandboxConfig, SandboxState};
use crate::sandbox_config::{Names, address, reference, sandbox_config};

impl State {
    /// The sandbox to make for a pod, with the address that it has or a new one.
    ///
    /// # Errors
    /// All addresses are taken.
    pub fn sandbox_config(
        &mut self,
        key: &PodRef,
        pod: &Pod,
        names: &Names,
    ) -> Result<SandboxConfig, Exhausted> {
        let address = if uses_host_network(pod) {
            None
        } else {
            Some(self.address(key)?.to_string())
        };
        Ok(sandbox_config(pod, address.as_deref(), names))
    }

    /// The pod's address: the one that it has, or a new one.
    fn address(&mut self, key: &PodRef) -> Result<Ipv4Addr, Exhausted> {
        if let Some(address) = self.pod(key).address {
            return Ok(address);
        }
        let address = self.pool.take()?;
        self.pod(key).address = Some(address);
        Ok(address)
    }

    /// Notes that a sandbox is no longer being made: it is connected, or it was given up. What
    /// there is of it may be seen from now on.
    pub fn made(&mut self, key: &PodRef) {
        self.pod(key).making = false;
    }

    /// Notes what was seen of a pod's sandbox. Answers whether that counts, which makes the pod due:
    /// it does not while the sandbox is being made, nor when nothing was known and nothing is there.
    pub fn saw(&mut self, key: &PodRef, sandbox: Option<Sandbox>) -> bool {
        if sandbox.is_none() && !self.pods.contains_key(key) {
            return false;
        }
        let known = self.pod(key);
        if known.making {
            return false;
        }
        known.sandbox = sandbox;
        let over = over(known);
        known.probes.retain(|id, _| !over.contains(id));
        true
    }

    /// Notes that all in a sandbox has ended and that its network was given back.
    pub fn sandbox_stopped(&mut self, key: &PodRef) {
        self.release(key);
    }

    /// Notes that a sandbox was removed, and all that [`leaves_nothing`] asks for. `pod` is nothing
    /// when only traces were left of it, of which nothing is known from now on.
    pub fn sandbox_removed(&mut self, key: &PodRef, pod: Option<&Pod>) {
        self.release(key);
        if pod.is_none() {
            self.pods.remove(key);
            return;
        }
        let known = self.pod(key);
        known.sandbox = None;
        known.probes.clear();
        if leaves_nothing(pod) {
            known.volumes = Volumes::Absent;
            known.mounted = None;
        }
    }

    fn release(&mut self, key: &PodRef) {
        let address = self.pods.get_mut(key).and_then(|pod| pod.address.take());
        if let Some(address) = address {
            self.pool.release(address);
        }
    }

    /// Takes over the addresses of what an earlier agent left. What was seen of each sandbox is told
    /// as always, when it is connected again.
    ///
    /// A sandbox that was stopped has given its address back, and another may have it by now.
    pub fn adopt(&mut self, sandboxes: &[Sandbox]) {
        let connected = sandboxes
            .iter()
            .filter(|sandbox| sandbox.state == SandboxState::Ready);
        let mut newest: Vec<_> = connected
            .filter_map(|sandbox| Some((sandbox.created_at, address(&sandbox.config)?, sandbox)))
            .collect();
        newest.sort_by_key(|(created_at, address, _)| (*created_at, *address));
        let last = newest.last().map(|(_, address, _)| *address);
        let taken = newest.iter().map(|(_, address, _)| *address).collect();
        self.pool = AddressPool::new(self.range, taken, last);
        for (_, address, sandbox) in newest {
            self.pod(&sandbox.config.pod).address = Some(address);
        }
    }

    /// Takes over directories that an earlier agent left, by the uids of their pods, of which those
    /// without a sandbox may be forgotten by the API. Answers the pods to look at.
    pub fn adopt_directories(&mut self, uids: BTreeSet<String>, view: &View) -> Vec<PodRef> {
        let mut keys = Vec::new();
        for uid in uids {
            if self.key_of(&uid).is_none() {
                let mut pods = view.all::<Pod>();
                let pod = pods.find(|pod| pod.metadata.uid.as_deref() == Some(uid.as_str()));
                let key = pod.map_or_else(|| unknown(uid), |pod| reference(&pod));
                self.pod(&key);
                keys.push(key);
            }
        }
        keys
    }
}

/// Whether the removal of a sandbox takes the pod's volumes and logs along: it does unless the pod
/// shall run again.
#[must_use]
pub fn leaves_nothing(pod: Option<&Pod>) -> bool {
    !pod.is_some_and(PodView::is_active)
}

/// The probed containers that have ended. One that is being started counts as running.
fn over(known: &Known) -> BTreeSet<ContainerId> {
    let containers = known.sandbox.iter().flat_map(|sandbox| &sandbox.containers);
    let running: BTreeSet<_> = containers
        .filter(|container| !matches!(container.state, ContainerState::Exited(_)))
        .map(|container| &container.id)
        .collect();
    let is_starting = |name: &str| known.under_way.contains(&Task::Container(name.to_owned()));
    let over = known.probes.keys();
    over.filter(|id| !running.contains(id) && !is_starting(&id.name))
        .cloned()
        .collect()
}

/// A pod of which nothing but its uid is known.
fn unknown(uid: String) -> PodRef {
    PodRef {
        namespace: String::new(),
        name: String::new(),
        uid,
    }
}
