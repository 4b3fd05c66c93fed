//! Where a cluster keeps its state, as it is said on the command line; and `gantry datastore move`.
//!
//! What was said once is written down with the cluster. A state is never left behind silently: a
//! cluster that has one goes elsewhere by being moved.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use gantry_etcd::{EtcdConfig, Occupied, Source, fill};
use gantry_journal::rest;
use gantry_store::Contents;

use crate::cluster::Cluster;
use crate::encryption;
use crate::options::Which;
use crate::output::{self, Progress};
use crate::process::serving;

/// What to write instead of endpoints for the engine in the data directory.
const EMBEDDED: &str = "embedded";

/// The etcd that keeps a cluster's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Datastore {
    /// Keep the state in an etcd instead of the data directory: the addresses of its members, such
    /// as https://10.0.0.5:2379,https://10.0.0.6:2379.
    #[arg(long = "datastore-endpoint", value_name = "URLS")]
    pub(crate) endpoint: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) keys: Keys,
}

/// As whom an etcd is spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Keys {
    /// The authority that vouches for the members of etcd [default: those this machine trusts].
    #[arg(long = "datastore-cafile", value_name = "FILE")]
    pub(crate) cafile: Option<PathBuf>,
    /// The certificate to show to etcd.
    #[arg(long = "datastore-certfile", value_name = "FILE")]
    pub(crate) certfile: Option<PathBuf>,
    /// The key of that certificate.
    #[arg(long = "datastore-keyfile", value_name = "FILE")]
    pub(crate) keyfile: Option<PathBuf>,
    /// Below which path the cluster's keys lie in etcd [default: /gantry].
    #[arg(long = "etcd-prefix", value_name = "PATH")]
    pub(crate) prefix: Option<String>,
}

/// Work with the state of a cluster that is down.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Move the state into an etcd, or back into the data directory.
    Move(Move),
}

#[derive(Debug, Args)]
pub(crate) struct Move {
    /// Where to: the addresses of an etcd's members, or `embedded` for the data directory.
    #[arg(long, value_name = "URLS|embedded")]
    to: String,
    #[command(flatten)]
    keys: Keys,
    /// Replace the state that is there.
    #[arg(long)]
    force: bool,
}

impl Datastore {
    /// How to reach the etcd, if there is one.
    pub(crate) fn etcd(&self) -> Result<Option<EtcdConfig>> {
        let Some(endpoint) = &self.endpoint else {
            ensure!(
                self.keys == Keys::default(),
                "the certificates and the prefix of a datastore mean nothing without --datastore-endpoint"
            );
            return Ok(None);
        };
        let Keys {
            cafile,
            certfile,
            keyfile,
            prefix,
        } = self.keys.clone();
        let mut config = EtcdConfig::new(endpoint, cafile, certfile, keyfile)
            .context("use --datastore-endpoint")?;
        if let Some(prefix) = prefix {
            config = config.below(&prefix).context("use --etcd-prefix")?;
        }
        Ok(Some(config))
    }

    /// The same wherever a process stands.
    fn anchored(mut self) -> Result<Self> {
        let Keys {
            cafile,
            certfile,
            keyfile,
            ..
        } = &mut self.keys;
        for file in [cafile, certfile, keyfile].into_iter().flatten() {
            *file =
                std::path::absolute(&*file).with_context(|| format!("find {}", file.display()))?;
        }
        Ok(self)
    }

    /// What people call it.
    pub(crate) fn describe(&self, cluster: &Cluster) -> String {
        match &self.endpoint {
            Some(endpoint) => format!("etcd at {endpoint}"),
            None => format!("embedded, in {}", store(cluster).display()),
        }
    }
}

/// Where the embedded engine keeps a cluster's state.
pub(crate) fn store(cluster: &Cluster) -> PathBuf {
    cluster.data_dir.join("store")
}

/// Writes down what was said about the datastore, if anything was.
pub(crate) fn settle(cluster: &mut Cluster, said: &Datastore) -> Result<()> {
    let unfinished = fresh(&store(cluster));
    ensure!(
        store(cluster).exists() || !unfinished.exists(),
        "a restore or a move stopped half-way: run it again, or remove {} to begin with nothing",
        unfinished.display()
    );
    if said.etcd()?.is_none() {
        return Ok(());
    }
    let said = said.clone().anchored()?;
    ensure!(
        cluster.datastore.endpoint.is_some() || !rest::exists(&store(cluster)),
        "the cluster {:?} keeps its state in {}: move it with `gantry{} datastore move --to {}`",
        cluster.name,
        store(cluster).display(),
        cluster.flags(),
        said.endpoint.as_deref().unwrap_or_default()
    );
    cluster.datastore = said;
    cluster.write()
}

/// How to reach the etcd of a cluster, if it has one, and what becomes of what is kept there.
fn etcd(cluster: &Cluster) -> Result<Option<EtcdConfig>> {
    let Some(config) = cluster.datastore.etcd()? else {
        return Ok(None);
    };
    let seal = encryption::sealer(cluster)?;
    Ok(Some(EtcdConfig { seal, ..config }))
}

/// Everything that a cluster keeps, at one revision. Its server may run.
pub(crate) async fn read(cluster: &Cluster) -> Result<Contents> {
    match etcd(cluster)? {
        Some(config) => {
            let source = Source::open(&config).await.context("open the state")?;
            source.read().await.context("read the state")
        }
        None => {
            rest::read(&store(cluster), &*encryption::sealer(cluster)?).context("read the state")
        }
    }
}

/// Makes `contents` the state of a cluster that is down.
pub(crate) async fn write(cluster: &Cluster, contents: Contents, occupied: Occupied) -> Result<()> {
    if let Some(config) = etcd(cluster)? {
        let filled = fill(&config, &contents, occupied).await;
        return filled.map(drop).context("write the state");
    }
    let store = store(cluster);
    ensure!(
        occupied == Occupied::Replace || !rest::exists(&store),
        "{} has a state already: --force puts it aside",
        store.display()
    );
    let fresh = fresh(&store);
    remove(&fresh)?;
    let seal = encryption::sealer(cluster)?;
    rest::write(&fresh, contents, seal).context("write the state")?;
    replace(&store, &fresh)
}

/// Where what comes to `path` is made.
pub(crate) fn fresh(path: &Path) -> PathBuf {
    path.with_extension("new")
}

/// Puts `fresh` in the place of `path`; what was there is kept once, as `.old`.
pub(crate) fn replace(path: &Path, fresh: &Path) -> Result<()> {
    set_aside(path)?;
    fs::rename(fresh, path).with_context(|| format!("make {}", path.display()))?;
    let above = path.parent().unwrap_or(Path::new("/"));
    let above = fs::File::open(above).and_then(|above| above.sync_all());
    above.with_context(|| format!("make {}", path.display()))
}

/// Renames `path` to `.old`, if it is there.
fn set_aside(path: &Path) -> Result<()> {
    let old = path.with_extension("old");
    if path.exists() {
        remove(&old)?;
        fs::rename(path, &old).with_context(|| format!("put {} aside", path.display()))?;
    }
    Ok(())
}

pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Refuses while a server of this machine works on the state.
pub(crate) fn require_down(cluster: &Cluster) -> Result<()> {
    if let Some(pid) = serving(cluster) {
        bail!(
            "the cluster {:?} is served by process {}: stop it first (`gantry{} down`)",
            cluster.name,
            pid.as_raw_nonzero(),
            cluster.flags()
        );
    }
    Ok(())
}

/// Carries out what was asked for.
pub(crate) async fn run(which: &Which, command: &Command) -> Result<()> {
    let Command::Move(options) = command;
    let cluster = Cluster::existing(which)?;
    require_down(&cluster)?;
    let endpoint = (options.to != EMBEDDED).then(|| options.to.clone());
    let keys = options.keys.clone();
    let target = Datastore { endpoint, keys }.anchored()?;
    target.etcd()?;
    ensure!(
        target.endpoint != cluster.datastore.endpoint,
        "the state is there already: {}",
        cluster.datastore.describe(&cluster)
    );
    let occupied = if options.force {
        Occupied::Replace
    } else {
        Occupied::Keep
    };
    let progress = Progress::begin("moving the state");
    let keys = carry(&cluster, &target, occupied).await?;
    let mut moved = cluster.clone();
    moved.datastore = target;
    moved.write()?;
    if cluster.datastore.endpoint.is_none() {
        set_aside(&store(&cluster))?;
    }
    progress.done(&format!("{keys} records moved"));
    drop(progress);
    output::line(format!(
        "The state of the cluster {:?} is now {}.",
        moved.name,
        moved.datastore.describe(&moved)
    ));
    Ok(())
}

/// Copies the state; how many records it has. From here on nobody works on an etcd that is left.
async fn carry(cluster: &Cluster, target: &Datastore, occupied: Occupied) -> Result<usize> {
    let mut moved = cluster.clone();
    moved.datastore = target.clone();
    let Some(config) = etcd(cluster)? else {
        let contents = read(cluster).await?;
        let keys = contents.records.len();
        write(&moved, contents, occupied).await?;
        return Ok(keys);
    };
    let mut source = Source::open(&config).await.context("open the state")?;
    source
        .leave()
        .await
        .context("stop others from changing the state")?;
    let copied = async {
        let contents = source.read().await.context("read the state")?;
        let keys = contents.records.len();
        write(&moved, contents, occupied).await?;
        Ok::<usize, anyhow::Error>(keys)
    };
    let copied = copied.await;
    if copied.is_err() {
        source
            .stay()
            .await
            .context("let others work on the state again")?;
    }
    copied
}
