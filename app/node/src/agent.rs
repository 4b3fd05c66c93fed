//! What all parts of the agent share, and the one set that its tasks belong to.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::Pod;
use tokio::task::{AbortHandle, JoinSet};

use gantry_client::Api;
use gantry_driver::{Cache, Inbox, Record};
use gantry_gateway::Clock;
use gantry_images::Images;
use gantry_kubelet::agent::{Around, find};
use gantry_kubelet::node_status::Machine;
use gantry_kubelet::sandbox::{PodRef, Sandbox, SandboxId, SandboxState};
use gantry_kubelet::sandbox_config::address;
use gantry_netdev::Network;
use gantry_reconcile::{EventNote, View};
use gantry_runtime::Runtime;
use gantry_volumes::Volumes;

use crate::config::NodeConfig;
use crate::last_words;
use crate::notes::Notes;
use crate::references::References;
use crate::reports::Reports;
use crate::state::{Looks, Shared};

/// What all parts of the agent share.
#[derive(Clone)]
pub(crate) struct Agent {
    pub(crate) parts: Arc<Parts>,
}

/// See [`Agent`].
pub(crate) struct Parts {
    pub(crate) config: NodeConfig,
    pub(crate) machine: Machine,
    /// What pods depend on and that stays the same.
    pub(crate) around: Around,
    pub(crate) api: Arc<dyn Api>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where the loops enter what they do.
    pub(crate) record: Record,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) images: Images,
    pub(crate) volumes: Volumes,
    pub(crate) cache: Cache,
    pub(crate) references: References,
    pub(crate) state: Shared,
    pub(crate) looks: Looks,
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

    /// The way to tell the API what became of pods.
    pub(crate) fn reports(&self) -> Reports<'_> {
        Reports {
            api: &self.api,
            clock: &self.clock,
            cache: &self.cache,
        }
    }

    /// The pod as the API has it, unless it was replaced or removed.
    pub(crate) fn find(&self, key: &PodRef) -> Option<Arc<Pod>> {
        find(&self.cache.view(), key)
    }

    /// Notes what a sandbox looks like by now, and makes its pod due.
    pub(crate) async fn look(&self, id: SandboxId) {
        let look = self.looks.of(&id);
        let held = look.lock().await;
        self.look_now(id).await;
        drop(held);
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
    fn saw(&self, key: &PodRef, sandbox: Option<Sandbox>) {
        let counts = self.state.lock().saw(key, sandbox);
        if counts {
            self.seen
                .send_modify(|count| *count = count.wrapping_add(1));
            self.wake(key);
        }
    }

    /// Takes over what an earlier agent left: sandboxes with their addresses, and directories.
    pub(crate) async fn adopt(&self) -> Result<(), crate::NodeError> {
        let sandboxes = self.runtime.list().await?;
        self.state.lock().adopt(&sandboxes);
        for sandbox in sandboxes {
            self.connect(&sandbox).await?;
            let key = sandbox.config.pod.clone();
            self.saw(&key, Some(last_words::complete(sandbox).await));
        }
        let left = self.volumes.pods()?;
        let view = self.cache.view();
        let keys = self.state.lock().adopt_directories(left, &view);
        self.inbox.push(keys);
        Ok(())
    }

    /// Connects a sandbox that can run containers to the network, unless it uses the node's.
    pub(crate) async fn connect(&self, sandbox: &Sandbox) -> Result<(), crate::NodeError> {
        let is_ready = sandbox.state == SandboxState::Ready;
        let namespace = sandbox.netns.clone().filter(|_| is_ready);
        let (Some(address), Some(namespace)) = (address(&sandbox.config), namespace) else {
            return Ok(());
        };
        let connected = gantry_netdev::Sandbox {
            id: sandbox.config.pod.uid.clone(),
            namespace,
            address,
        };
        self.network.attach(connected).await?;
        Ok(())
    }
}
