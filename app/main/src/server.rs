//! `gantry server`: the whole cluster in this process, in the foreground.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tracing::info;
use tracing_subscriber::EnvFilter;

use gantry_api::Caller;
use gantry_audit::Audit;
use gantry_base::entropy::uid;
use gantry_control::{Candidate, Control, ControlConfig};
use gantry_gateway::OsEntropy;
use gantry_http::nodes::NoNodes;
use gantry_http::{Bounds, Server, ServerConfig};
use gantry_images::Images;
use gantry_kubelet::node_status::Reserved;
use gantry_node::{Doors, Node, NodeConfig};
use gantry_registry::settings::Admission;
use gantry_registry::settings::pod_security::Choice;

use crate::cluster::{Cluster, VERSION, config_file};
use crate::config::Settings;
use crate::notice::{Notice, Notices};
use crate::options::{Server as Options, Which};
use crate::process::{note_serving, require_root, serving};
use crate::{address, audit, datastore, encryption, identity, image, kubeconfig, lane, renewal};

/// How long an `up` waits for an etcd that does not answer. In the foreground a server waits on.
const PATIENCE: Duration = Duration::from_secs(60);
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// Pods on one node; the addresses of a /24 would allow a few more.
const MAX_PODS: u32 = 250;

/// Serves until it is asked to end. Pods go on.
pub(crate) async fn run(which: &Which, options: &Options) -> Result<()> {
    let notices = if options.detached {
        Notices::Waited
    } else {
        Notices::Unheard
    };
    let outcome = serve(which, options, notices).await;
    if let (Err(error), true) = (&outcome, options.detached) {
        let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
        Notices::Waited.tell(&Notice::Failed(chain.join(": ")));
    }
    outcome
}

async fn serve(which: &Which, options: &Options, notices: Notices) -> Result<()> {
    let settings = options.settings.with_file(config_file(which))?;
    if !settings.no_node {
        require_root()?;
    }
    if options.detached {
        rustix::process::setsid().context("leave the terminal")?;
    }
    log();
    let mut cluster = Cluster::find_or_make(which)?;
    if let Some(pid) = serving(&cluster) {
        anyhow::bail!(
            "the cluster {:?} is served by process {} already",
            cluster.name,
            pid.as_raw_nonzero()
        );
    }
    cluster.choose(&settings)?;
    datastore::settle(&mut cluster, &settings.datastore())?;
    let sealer = encryption::settle(&mut cluster, &settings)?;
    let listeners = listeners(&cluster, &settings)?;
    let audit = audit::open(&settings, options.detached)?;
    notices.tell(&Notice::Doing("opening the store".to_owned()));
    let mut config = control_config(&cluster, &settings)?;
    config.sealer = Some(Arc::clone(&sealer));
    config.patience = options.detached.then_some(PATIENCE);
    let told = |what| notices.tell(&Notice::Doing(what));
    let mut control = Control::open(config, told).await?;
    note_serving(&cluster)?;
    encryption::finish(&cluster, &control, &sealer).await?;
    kubeconfig::write_own(&cluster, control.pki(), control.clock().now())?;
    control.start_controllers();
    notices.tell(&Notice::Done("control plane".to_owned()));
    if !settings.no_node {
        notices.tell(&Notice::Doing("starting the node".to_owned()));
    }
    let mut parts = start(&cluster, &settings, &control, (listeners, audit)).await?;
    parts.tasks.spawn(encryption::heed(
        cluster.clone(),
        control.resealing(),
        sealer,
    )?);
    if parts.node.is_some() {
        let name = node_name()?;
        renewal::watch_ready(&control, &name).await?;
        notices.tell(&Notice::Done(format!("node {name} is Ready")));
    }
    notices.ready();
    info!(cluster = cluster.name, port = cluster.port, "ready");
    until_asked_to_end().await?;
    parts.stop().await;
    control.stop().await;
    std::fs::remove_file(cluster.pid_file()).context("remove the pid file")
}

/// What runs besides the control plane.
struct Parts {
    node: Option<Node>,
    front: tokio::sync::oneshot::Sender<()>,
    tasks: JoinSet<()>,
}

impl Parts {
    async fn stop(mut self) {
        if self.front.send(()).is_err() {
            info!("the front ended before it was asked to");
        }
        // The front ends when asked; what else is in the set never ends by itself.
        if let Some(Err(error)) = self.tasks.join_next().await {
            info!(%error, "the front ended badly");
        }
        self.tasks.shutdown().await;
        if let Some(node) = self.node {
            node.stop().await;
        }
    }
}

async fn start(
    cluster: &Cluster,
    settings: &Settings,
    control: &Control,
    (listeners, audit): (Vec<TcpListener>, Option<Arc<Audit>>),
) -> Result<Parts> {
    let node = match settings.no_node {
        true => None,
        false => Some(start_node(cluster, settings, control).await?),
    };
    let server = Server::new(ServerConfig {
        gateway: control.gateway().clone(),
        nodes: match &node {
            Some(node) => node.streams(),
            None => Arc::new(NoNodes),
        },
        authenticator: control.authenticator(),
        audit,
        pki: Arc::clone(control.pki()),
        clock: Arc::clone(control.clock()),
        listeners,
        lane: lane::open(cluster)?,
        version: VERSION.to_owned(),
        bounds: bounds(settings)?,
        record: control.record().clone(),
    })
    .context("prepare to listen")?;
    let (front, ended) = tokio::sync::oneshot::channel::<()>();
    let mut tasks = JoinSet::new();
    tasks.spawn(server.run(async move {
        if ended.await.is_err() {
            info!("the front was abandoned");
        }
    }));
    tasks.spawn(renewal::renew(
        cluster.clone(),
        Arc::clone(control.pki()),
        Arc::clone(control.clock()),
        control.authenticator(),
    ));
    Ok(Parts { node, front, tasks })
}

async fn start_node(cluster: &Cluster, settings: &Settings, control: &Control) -> Result<Node> {
    let images = Images::open(
        &cluster.images(),
        image::registries(cluster, settings.registries.as_deref())?,
    )
    .context("open the image store")?;
    let config = node_config(cluster)?;
    let caller = Caller::authenticated(&format!("system:node:{}", config.name), &["system:nodes"]);
    let doors = Doors {
        api: control.api(caller, "kubelet"),
        clock: Arc::clone(control.clock()),
        record: control.record().clone(),
    };
    Node::start(config, images, doors)
        .await
        .context("start the node")
}

fn bounds(settings: &Settings) -> Result<Bounds> {
    let usual = Bounds::default();
    Ok(Bounds {
        request: settings.request_timeout()?.unwrap_or(usual.request),
        requests: settings.max_requests_inflight.unwrap_or(usual.requests),
    })
}

/// Resolves when somebody wants this process to end.
pub(crate) async fn until_asked_to_end() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for signals")?;
    tokio::select! {
        _ = terminate.recv() => info!("asked to end"),
        _ = interrupt.recv() => info!("interrupted"),
    }
    Ok(())
}

/// Logs to standard error.
pub(crate) fn log() {
    let filter = EnvFilter::try_from_env("GANTRY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let set = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
    gantry_base::ignore(set, "a second subscriber is only installed by tests");
}

/// The API listens on loopback, for people, and on the bridge, for pods; nowhere else unless asked.
fn listeners(cluster: &Cluster, settings: &Settings) -> Result<Vec<TcpListener>> {
    let mut addresses = vec![Ipv4Addr::LOCALHOST];
    if !settings.no_node {
        addresses.push(cluster.network()?.gateway());
    }
    addresses.extend(settings.bind_address);
    if addresses.iter().any(Ipv4Addr::is_unspecified) {
        addresses = vec![Ipv4Addr::UNSPECIFIED];
    }
    addresses.dedup();
    addresses
        .iter()
        .map(|address| listener(SocketAddr::new(IpAddr::V4(*address), cluster.port)))
        .collect()
}

/// Binds even to an address that the machine is about to get.
fn listener(address: SocketAddr) -> Result<TcpListener> {
    let bind = || -> rustix::io::Result<TcpListener> {
        let socket = rustix::net::socket_with(
            AddressFamily::INET,
            SocketType::STREAM,
            // No child may inherit it: a shim that outlives us would keep the port.
            SocketFlags::CLOEXEC,
            None,
        )?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        sockopt::set_ip_freebind(&socket, true)?;
        rustix::net::bind(&socket, &address)?;
        rustix::net::listen(&socket, BACKLOG)?;
        Ok(TcpListener::from(socket))
    };
    let listener = bind().map_err(|error| match error {
        rustix::io::Errno::ADDRINUSE => anyhow::anyhow!(
            "port {} is in use on {}: stop what uses it (`ss -ltnp 'sport = :{}'` tells), or choose another with --port",
            address.port(),
            address.ip(),
            address.port()
        ),
        other => anyhow::Error::new(other).context(format!("listen on {address}")),
    })?;
    listener
        .set_nonblocking(true)
        .with_context(|| format!("listen on {address}"))?;
    Ok(listener)
}

pub(crate) fn control_config(cluster: &Cluster, settings: &Settings) -> Result<ControlConfig> {
    let mut further_names: Vec<String> =
        address::local()?.iter().map(ToString::to_string).collect();
    further_names.extend(settings.tls_san.iter().cloned());
    Ok(ControlConfig {
        data_dir: cluster.data_dir.clone(),
        etcd: cluster.datastore.etcd()?,
        sealer: None,
        candidate: candidate(cluster, settings)?,
        patience: None,
        advertise: settings.advertise(cluster, address::primary())?.into(),
        port: cluster.port,
        further_names,
        service_range: cluster.services(),
        node_ports: cluster.node_ports(),
        admission: admission(settings)?,
        authn: identity::config(settings)?,
        version: VERSION.to_owned(),
    })
}

/// Who this server is among those that share its state. An embedded state belongs to the server that
/// holds its lock, so that nobody else can lead there.
fn candidate(cluster: &Cluster, settings: &Settings) -> Result<Option<Candidate>> {
    let timing = settings.timing()?;
    let is_shared = cluster.datastore.endpoint.is_some();
    if !settings.leader_elect.unwrap_or(is_shared) {
        return Ok(None);
    }
    let mut chance = OsEntropy::open().context("open the machine's source of randomness")?;
    let identity = format!("{}_{}", node_name()?, uid(&mut chance));
    Ok(Some(Candidate { identity, timing }))
}

/// Which steps of admission are taken, and what they fill in.
fn admission(settings: &Settings) -> Result<Admission> {
    let usual = Admission::default();
    let seconds = |asked: Option<u32>, usual: i64| asked.map_or(usual, i64::from);
    let not_ready = settings.default_not_ready_toleration_seconds;
    let unreachable = settings.default_unreachable_toleration_seconds;
    Ok(Admission {
        disabled: Admission::left_out(
            &settings.enable_admission_plugins,
            &settings.disable_admission_plugins,
        )?,
        not_ready_seconds: seconds(not_ready, usual.not_ready_seconds),
        unreachable_seconds: seconds(unreachable, usual.unreachable_seconds),
        pod_security: pod_security(settings)?,
    })
}

/// What is wanted of pods where their namespace does not say.
fn pod_security(settings: &Settings) -> Result<Choice> {
    let Some(path) = &settings.admission_control_config_file else {
        return Ok(Choice::default());
    };
    let read = || -> Result<Choice> {
        let file: serde_json::Value = serde_saphyr::from_str(&fs::read_to_string(path)?)?;
        Ok(Choice::read(file)?)
    };
    read().with_context(|| format!("configure admission by {}", path.display()))
}

/// What the node is told; `gantry down` asks for the same, to find what there is to remove.
pub(crate) fn node_config(cluster: &Cluster) -> Result<NodeConfig> {
    let network = cluster.network()?;
    let cluster_dns = cluster
        .services()
        .at(10)
        .context("find the name server's address")?;
    Ok(NodeConfig {
        name: node_name()?,
        data_dir: cluster.data_dir.clone(),
        addresses: vec![address::primary()],
        network,
        cluster_dns,
        domain: "cluster.local".to_owned(),
        cgroup_root: cluster.cgroup_root(),
        shim_program: PathBuf::from("/proc/self/exe"),
        shim_args: vec!["shim".into()],
        port: cluster.port,
        version: VERSION.to_owned(),
        max_pods: MAX_PODS,
        reserved: Reserved::default(),
    })
}

fn node_name() -> Result<String> {
    let uname = rustix::system::uname();
    let name = uname
        .nodename()
        .to_str()
        .context("read the machine's host name")?
        .to_lowercase();
    let name = name.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    Ok(if name.is_empty() {
        "node".to_owned()
    } else {
        name.to_owned()
    })
}
