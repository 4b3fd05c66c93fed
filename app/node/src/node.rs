//! Starts the parts of a node in order, and stops them.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use gantry_dns::{Name, NameError, Zone, ZoneConfig};
use gantry_driver::{Cache, Driver, Inbox};
use gantry_http::nodes::Nodes;
use gantry_images::Images;
use gantry_kubelet::agent::{Around, State};
use gantry_kubelet::container::ConfigError;
use gantry_kubelet::node_status::{Machine, allocatable};
use gantry_kubelet::rules::Site;
use gantry_netdev::{
    BridgeNetwork, Dataplane, DataplaneError, Network, NetworkError, NftDataplane,
};
use gantry_resolver::{BindError, HostFiles, Resolver, ResolverConfig};
use gantry_routing::Exhausted;
use gantry_runtime::{Embedded, EmbeddedConfig, Runtime, RuntimeError};
use gantry_volumes::{VolumeError, Volumes};

use crate::agent::{Agent, Parts};
use crate::config::{Doors, NodeConfig};
use crate::notes::Notes;
use crate::references::References;
use crate::rootfs::NodeImages;
use crate::rules::{Filter, Wanted};
use crate::state::{Looks, Shared};
use crate::streams::NodeStreams;
use crate::{host, pods, registration, rules, zone};

/// The port that the node's DNS server takes if it is free.
const DNS_PORT: u16 = 10053;
/// How long pods have to end when everything is ended.
const PURGE_GRACE: Duration = Duration::from_secs(5);

/// A node that runs.
#[derive(Debug)]
pub struct Node {
    agent: Agent,
    tasks: JoinSet<()>,
}

/// Why a node could not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The runtime did not do its part.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// Nor did the network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Nor did the packet filter.
    #[error(transparent)]
    Dataplane(#[from] DataplaneError),
    /// Nor did the disk.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// There is no address left for a pod.
    #[error(transparent)]
    Address(#[from] Exhausted),
    /// The node's DNS server has no place to listen.
    #[error(transparent)]
    Dns(#[from] BindError),
    /// The cluster's domain is no name.
    #[error(transparent)]
    Domain(#[from] NameError),
    /// A container's configuration cannot be made.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A container wants a volume that the pod does not have in place.
    #[error("find volume {volume:?}")]
    NoVolume {
        /// Its name.
        volume: String,
    },
}

impl Node {
    /// Starts the agent; it keeps what runs on this machine already, and registers itself.
    ///
    /// # Errors
    /// The disk, the network or the runtime cannot be used.
    pub async fn start(
        config: NodeConfig,
        images: Images,
        doors: Doors,
    ) -> Result<Self, NodeError> {
        let network = BridgeNetwork::new(config.network.clone());
        network.set_up().await?;
        let dataplane: Arc<dyn Dataplane> = Arc::new(NftDataplane::new(config.network.clone()));
        let resolver = Resolver::bind(resolver(&config)).await?;
        let zones = ZoneConfig {
            domain: config.domain.parse::<Name>()?,
            server: config.cluster_dns,
        };
        let (notes, noting) = Notes::new(Arc::clone(&doors.api), Arc::clone(&doors.clock));
        let agent = agent(config, (images, Arc::new(network)), doors, notes).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(noting);
        pods::listen(&agent);
        rules::listen(&agent);
        let zone_inbox = zone::listen(&agent.cache);
        agent.cache.start(&agent.api, &agent.clock, &mut tasks);
        tasks.spawn(registration::run(agent.clone()));
        agent.cache.synced().await;
        agent.adopt().await?;
        begin_zone(
            &agent,
            (zones, zone_inbox),
            resolver,
            &mut tasks,
            &dataplane,
        );
        tasks.spawn(hear(agent.clone()));
        tasks.spawn(drive(
            &agent,
            pods::Pods(agent.clone()),
            pods::PodTasks(agent.clone()),
            agent.inbox.clone(),
        ));
        Ok(Self { agent, tasks })
    }

    /// What the API server asks of this node.
    #[must_use]
    pub fn streams(&self) -> Arc<dyn Nodes> {
        Arc::new(NodeStreams(self.agent.clone()))
    }

    /// Stops the agent. Pods go on.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        let mut begun = {
            let mut tasks = self
                .agent
                .tasks
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *tasks)
        };
        begun.shutdown().await;
    }

    /// Ends all pods of a node that is not running, and removes whatever it made on the machine.
    ///
    /// # Errors
    /// Something would not go.
    pub async fn purge(config: &NodeConfig, images: Images) -> Result<(), NodeError> {
        runtime(config, images).await?.purge(PURGE_GRACE).await?;
        let volumes = Volumes::open(&config.data_dir.join("pods"))?;
        for uid in volumes.pods()? {
            volumes.remove(&uid)?;
        }
        NftDataplane::new(config.network.clone()).remove().await?;
        BridgeNetwork::new(config.network.clone()).remove().await?;
        Ok(())
    }
}

async fn runtime(config: &NodeConfig, images: Images) -> Result<Embedded, RuntimeError> {
    let embedded = EmbeddedConfig {
        state_dir: config.data_dir.join("runtime"),
        cgroup_root: config.cgroup_root.clone(),
        shim_program: config.shim_program.clone(),
        shim_args: config.shim_args.clone(),
    };
    Embedded::open(embedded, Arc::new(NodeImages(images))).await
}

async fn agent(
    config: NodeConfig,
    (images, network): (Images, Arc<dyn Network>),
    doors: Doors,
    notes: Notes,
) -> Result<Agent, NodeError> {
    let volumes = Volumes::open(&config.data_dir.join("pods"))?;
    let runtime: Arc<dyn Runtime> = Arc::new(runtime(&config, images.clone()).await?);
    let machine = host::machine(&config.data_dir);
    let parts = Parts {
        around: around(&config, &machine),
        state: Shared::new(State::new(config.network.node_range)),
        looks: Looks::default(),
        machine,
        api: doors.api,
        clock: doors.clock,
        record: doors.record,
        runtime,
        network,
        images,
        volumes,
        cache: Cache::default(),
        references: References::default(),
        inbox: Inbox::default(),
        rules: Inbox::default(),
        notes,
        seen: watch::Sender::new(0),
        tasks: Mutex::default(),
        config,
    };
    Ok(Agent {
        parts: Arc::new(parts),
    })
}

fn around(config: &NodeConfig, machine: &Machine) -> Around {
    Around {
        host_addresses: config.addresses.iter().map(Ipv4Addr::to_string).collect(),
        allocatable: allocatable(machine, &config.reserved),
        seccomp_dir: config.data_dir.join("seccomp"),
    }
}

fn resolver(config: &NodeConfig) -> ResolverConfig {
    let listen: Ipv4Addr = config.network.gateway();
    ResolverConfig {
        listen,
        port: DNS_PORT,
        cluster_dns: config.cluster_dns,
        host: HostFiles::default(),
    }
}

/// Begins to serve names, and to lead packets.
fn begin_zone(
    agent: &Agent,
    (config, inbox): (ZoneConfig, Inbox<()>),
    resolver: Resolver,
    tasks: &mut JoinSet<()>,
    dataplane: &Arc<dyn Dataplane>,
) {
    let (agent, dataplane) = (agent.clone(), Arc::clone(dataplane));
    let dns = resolver.address();
    let empty = Zone::new(&config, [], []);
    let (sender, receiver) = watch::channel(Arc::new(empty));
    tasks.spawn(resolver.serve(receiver, std::future::pending()));
    inbox.push([()]);
    tasks.spawn(drive(
        &agent,
        zone::Names(config),
        zone::Served(sender),
        inbox,
    ));
    agent.rules.push([()]);
    let site = Site {
        name: agent.config.name.clone(),
        addresses: agent.config.addresses.clone(),
        dns: Some((agent.config.cluster_dns, dns)),
    };
    let subject = Wanted {
        agent: agent.clone(),
        site,
    };
    let filter = Filter {
        agent: agent.clone(),
        dataplane,
    };
    tasks.spawn(drive(&agent, subject, filter, agent.rules.clone()));
}

/// One of the node's loops.
fn drive<S, X>(
    agent: &Agent,
    subject: S,
    executor: X,
    inbox: Inbox<S::Key>,
) -> impl Future<Output = ()> + Send + use<S, X>
where
    S: gantry_driver::Subject,
    X: gantry_driver::Executor<S::Action>,
{
    let driver = Driver::new(
        subject,
        executor,
        agent.cache.clone(),
        inbox,
        agent.clock.clone(),
    );
    driver.recorded(&agent.record).run()
}

/// Looks at every sandbox whose state changed.
async fn hear(agent: Agent) {
    let changes = agent.runtime.events();
    loop {
        let id = changes.next().await;
        agent.look(id).await;
    }
}
