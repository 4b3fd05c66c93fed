//! What the agent knows of its pods besides the API's objects: what was seen, and what is being
//! done. All of it can be found out again; a restart begins with nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_base::Timestamp;
use gantry_kubelet::pace::Pace;
use gantry_kubelet::pod::{Image, Task, Volumes};
use gantry_kubelet::probes::Probes;
use gantry_kubelet::sandbox::{ContainerId, PodRef, Sandbox};
use gantry_routing::{AddressPool, Cidr};

/// What is known of one pod.
#[derive(Debug)]
pub(crate) struct PodState {
    pub(crate) sandbox: Option<Sandbox>,
    /// Held from before a look until its result is noted, so that an old one never hides a new one.
    pub(crate) looking: Arc<tokio::sync::Mutex<()>>,
    /// Its sandbox is being made: it is not to be used before it is connected.
    pub(crate) making: bool,
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) under_way: BTreeSet<Task>,
    pub(crate) volumes: Volumes,
    pub(crate) mounted: Option<Mounted>,
    pub(crate) mount_failures: u32,
    /// How far the images are, by container, each with the name that was asked for.
    pub(crate) images: BTreeMap<String, (String, Image)>,
    pub(crate) pull_failures: BTreeMap<String, u32>,
    /// Why containers could not be made, by name; forgotten when it is tried again.
    pub(crate) start_errors: BTreeMap<String, String>,
    pub(crate) probes: BTreeMap<ContainerId, Probes>,
    pub(crate) pace: Pace,
    /// When containers that are being stopped will have ended.
    pub(crate) stopping: BTreeMap<ContainerId, Timestamp>,
}

/// Volumes that are in place.
#[derive(Clone, Debug)]
pub(crate) struct Mounted {
    /// What they were made from.
    pub(crate) fingerprint: u64,
    /// Where they are.
    pub(crate) places: BTreeMap<String, PathBuf>,
    /// When a token among them has to be renewed.
    pub(crate) renew_at: Option<Timestamp>,
}

impl PodState {
    fn new() -> Self {
        Self {
            sandbox: None,
            looking: Arc::default(),
            making: false,
            address: None,
            under_way: BTreeSet::new(),
            volumes: Volumes::Absent,
            mounted: None,
            mount_failures: 0,
            images: BTreeMap::new(),
            pull_failures: BTreeMap::new(),
            start_errors: BTreeMap::new(),
            probes: BTreeMap::new(),
            pace: Pace::default(),
            stopping: BTreeMap::new(),
        }
    }
}

/// What the agent knows besides the API's objects.
#[derive(Debug)]
pub(crate) struct State {
    /// The pods, by what tells them apart.
    pub(crate) pods: BTreeMap<PodRef, PodState>,
    /// The addresses for pods.
    pub(crate) pool: AddressPool,
    /// The addresses that service rules lead to at the moment.
    pub(crate) routed: BTreeSet<Ipv4Addr>,
}

/// The state behind a lock that is held for a look or a change, never across an await.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(range: Cidr) -> Self {
        let state = State {
            pods: BTreeMap::new(),
            pool: AddressPool::new(range, BTreeSet::new(), None),
            routed: BTreeSet::new(),
        };
        Self {
            state: Mutex::new(state),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is known of a pod; nothing at first.
    pub(crate) fn pod(&mut self, key: &PodRef) -> &mut PodState {
        self.pods.entry(key.clone()).or_insert_with(PodState::new)
    }

    /// The pod with this uid.
    pub(crate) fn key_of(&self, uid: &str) -> Option<PodRef> {
        self.pods.keys().find(|key| key.uid == uid).cloned()
    }

    /// Gives a pod's address back.
    pub(crate) fn release(&mut self, key: &PodRef) {
        let address = self.pods.get_mut(key).and_then(|pod| pod.address.take());
        if let Some(address) = address {
            self.pool.release(address);
        }
    }
}
