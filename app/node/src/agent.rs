//! What all parts of the agent share, and the one set that its tasks belong to.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::Pod;
use tokio::task::{AbortHandle, JoinSet};

use gantry_client::Api;
use gantry_driver::{Cache, Inbox};
use gantry_gateway::Clock;
use gantry_images::Images;
use gantry_kubelet::container::{Amounts, Surroundings};
use gantry_kubelet::node_status::Machine;
use gantry_kubelet::sandbox::{ContainerState, PodRef, Sandbox, SandboxId};
use gantry_kubelet::sandbox_config::ADDRESS;
use gantry_netdev::Network;
use gantry_reconcile::{EventNote, View};
use gantry_routing::AddressPool;
use gantry_runtime::Runtime;
use gantry_volumes::Volumes;

use crate::config::NodeConfig;
use crate::last_words;
use crate::notes::Notes;
use crate::references::References;
use crate::state::Shared;

/// What all parts of the agent share.
#[derive(Clone)]
pub(crate) struct Agent {
    pub(crate) parts: Arc<Parts>,
}

/// See [`Agent`].
pub(crate) struct Parts {
    pub(crate) config: NodeConfig,
    pub(crate) machine: Machine,
    pub(crate) allocatable: Amounts,
    pub(crate) api: Arc<dyn Api>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) images: Images,
    pub(crate) volumes: Volumes,
    pub(crate) cache: Cache,
    pub(crate) references: References,
    pub(crate) state: Shared,
    /// Pods to look at.
    pub(crate) inbox: Inbox<PodRef>,
    /// Somebody changed what the packet filter depends on.
    pub(crate) rules: Inbox<()>,
    pub(crate) notes: Notes,
    /// Counts what was seen of sandboxes, for those who wait for something to be seen.
    pub(crate) seen: tokio::sync::watch::Sender<u64>,
    /// Tasks that were begun for pods. Held to add one only; all of them end with the agent.
    pub(crate) tasks: Mutex<JoinSet<()>>,
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent")
            .field("node", &self.parts.config.name)
            .finish_non_exhaustive()
    }
}

impl std::ops::Deref for Agent {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Agent {
    /// Runs a task until it ends or the agent does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task)
    }

    /// The API's objects that this node may see, as they are by now.
    pub(crate) fn view(&self) -> View {
        let mut view = self.cache.view();
        self.references.add_to(&mut view);
        view
    }

    /// Makes a pod due.
    pub(crate) fn wake(&self, key: &PodRef) {
        self.inbox.push([key.clone()]);
    }

    /// Tells people about a pod or a part of it.
    pub(crate) fn tell(&self, note: EventNote) {
        self.notes.send(note);
    }

    /// The node's addresses as the API shows them.
    pub(crate) fn host_addresses(&self) -> Vec<String> {
        self.config
            .addresses
            .iter()
            .map(Ipv4Addr::to_string)
            .collect()
    }

    /// Where profiles for system calls are kept.
    pub(crate) fn seccomp_dir(&self) -> PathBuf {
        self.config.data_dir.join("seccomp")
    }

    /// The pod as the API has it, unless it was replaced or removed.
    pub(crate) fn find(&self, key: &PodRef) -> Option<Arc<Pod>> {
        find(&self.cache.view(), key)
    }

    /// Notes what a sandbox looks like by now, and makes its pod due.
    pub(crate) async fn look(&self, id: SandboxId) {
        let looking = self.looking(&id);
        let held = match &looking {
            Some(looking) => Some(looking.lock().await),
            None => None,
        };
        self.look_now(id).await;
        drop(held);
    }

    fn looking(&self, id: &SandboxId) -> Option<Arc<tokio::sync::Mutex<()>>> {
        let state = self.state.lock();
        let key = state.key_of(&id.0)?;
        Some(Arc::clone(&state.pods.get(&key)?.looking))
    }

    async fn look_now(&self, id: SandboxId) {
        let seen = match self.runtime.inspect(id.clone()).await {
            Ok(seen) => seen,
            Err(error) => {
                let error = gantry_base::chain(&error);
                tracing::warn!(sandbox = %id, error, "could not look at a sandbox");
                return;
            }
        };
        let key = match &seen {
            Some(sandbox) => Some(sandbox.config.pod.clone()),
            None => self.state.lock().key_of(&id.0),
        };
        let Some(key) = key else { return };
        let seen = match seen {
            Some(sandbox) => Some(last_words::complete(sandbox).await),
            None => None,
        };
        self.saw(&key, seen);
    }

    /// Notes what was seen of a pod's sandbox, unless it is just being made.
    pub(crate) fn saw(&self, key: &PodRef, sandbox: Option<Sandbox>) {
        let mut state = self.state.lock();
        if sandbox.is_none() && !state.pods.contains_key(key) {
            return;
        }
        let pod = state.pod(key);
        if pod.making {
            return;
        }
        let running: BTreeSet<_> = sandbox
            .iter()
            .flat_map(|sandbox| &sandbox.containers)
            .filter(|container| !matches!(container.state, ContainerState::Exited(_)))
            .map(|container| container.id.clone())
            .collect();
        let starting = |name: &str| {
            let task = gantry_kubelet::pod::Task::Container(name.to_owned());
            pod.under_way.contains(&task)
        };
        let over: Vec<_> = pod
            .probes
            .keys()
            .filter(|id| !running.contains(*id) && !starting(&id.name))
            .cloned()
            .collect();
        for id in over {
            pod.probes.remove(&id);
        }
        pod.sandbox = sandbox;
        drop(state);
        self.seen
            .send_modify(|count| *count = count.wrapping_add(1));
        self.wake(key);
    }

    /// Takes over what an earlier agent left: sandboxes with their addresses, and directories.
    pub(crate) async fn adopt(&self) -> Result<(), crate::NodeError> {
        let sandboxes = self.runtime.list().await?;
        let mut newest: Vec<_> = sandboxes
            .iter()
            .filter_map(|s| Some((s.created_at, address(s)?)))
            .collect();
        newest.sort();
        let last = newest.last().map(|(_, address)| *address);
        let taken: BTreeSet<_> = newest.into_iter().map(|(_, address)| address).collect();
        self.state.lock().pool = AddressPool::new(self.config.network.node_range, taken, last);
        for sandbox in sandboxes {
            let key = sandbox.config.pod.clone();
            let address = address(&sandbox);
            if let (Some(address), Some(namespace)) = (address, sandbox.netns.clone()) {
                let id = key.uid.clone();
                let connected = gantry_netdev::Sandbox {
                    id,
                    namespace,
                    address,
                };
                self.network.attach(connected).await?;
            }
            self.state.lock().pod(&key).address = address;
            self.saw(&key, Some(last_words::complete(sandbox).await));
        }
        self.adopt_directories()
    }

    /// Directories without a sandbox are of pods that the API may have forgotten meanwhile.
    fn adopt_directories(&self) -> Result<(), crate::NodeError> {
        let left = self.volumes.pods()?;
        let mut state = self.state.lock();
        for uid in left {
            if state.key_of(&uid).is_none() {
                let known = self
                    .cache
                    .view()
                    .all::<Pod>()
                    .find(|pod| pod.metadata.uid.as_deref() == Some(uid.as_str()));
                let key = known.map_or_else(
                    || unknown(&uid),
                    |pod| gantry_kubelet::sandbox_config::reference(&pod),
                );
                state.pod(&key);
                self.inbox.push([key]);
            }
        }
        Ok(())
    }
}

impl Parts {
    /// What a pod's containers and volumes depend on.
    pub(crate) fn surroundings<'a>(
        &'a self,
        (pod, view): (&'a Pod, &'a View),
        (addresses, host_addresses): (&'a [String], &'a [String]),
        seccomp_dir: &'a std::path::Path,
    ) -> Surroundings<'a> {
        Surroundings {
            pod,
            view,
            addresses,
            host_addresses,
            allocatable: &self.allocatable,
            seccomp_dir,
        }
    }
}

/// The pod in a view, unless it was replaced or removed.
pub(crate) fn find(view: &View, key: &PodRef) -> Option<Arc<Pod>> {
    let pod: Arc<Pod> = view.get(&key.namespace, &key.name)?;
    (pod.metadata.uid.as_deref() == Some(key.uid.as_str())).then_some(pod)
}

fn address(sandbox: &Sandbox) -> Option<Ipv4Addr> {
    sandbox.config.annotations.get(ADDRESS)?.parse().ok()
}

/// A pod of which nothing but its uid is known.
fn unknown(uid: &str) -> PodRef {
    PodRef {
        namespace: String::new(),
        name: String::new(),
        uid: uid.to_owned(),
    }
}
