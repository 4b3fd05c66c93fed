//! The keys that what is secret is sealed with: where a cluster has them, and `gantry encryption`.
//!
//! They are kept apart from the data directory, so that who has the one does not have the other.
//! Where they are is noted with the cluster: keys that were there once and are missing stop the
//! server, and are never made anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

use gantry_base::chain;
use gantry_base::hash::Fnv;
use gantry_control::{Control, Resealing};
use gantry_seal::{Configuration, Sealer, key_file};
use gantry_store::{Plain, Seal};

use crate::cluster::{Cluster, data_dir};
use crate::config::Settings;
use crate::options::Which;
use crate::output::{self, Progress};
use crate::process::serving;
use crate::server::control_config;

/// How long a server may take to write everything anew.
const PATIENCE: Duration = Duration::from_secs(600);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Where a cluster has its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Encryption {
    /// The file that was made for the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keys: Option<PathBuf>,
    /// The configuration that somebody gave instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) config: Option<PathBuf>,
}

impl Encryption {
    /// Whether nothing was ever chosen.
    pub(crate) const fn is_none(&self) -> bool {
        self.keys.is_none() && self.config.is_none()
    }

    /// The file that says what is sealed with what.
    pub(crate) fn current(&self) -> Option<&Path> {
        self.config.as_deref().or(self.keys.as_deref())
    }

    fn open(&self) -> Result<Option<Arc<Sealer>>> {
        let Some(current) = self.current() else {
            return Ok(None);
        };
        // Keys that were the cluster's own before go on opening what they sealed.
        let former = self.keys.clone().filter(|keys| keys != current);
        let further = former.into_iter().filter(|keys| keys.exists()).collect();
        Ok(Some(Arc::new(Sealer::open(current, further)?)))
    }
}

/// Work with the keys that what is secret is sealed with.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new key, write everything sealed anew with it, and forget the old one. With a
    /// configuration of your own: read it anew, and write everything as its first providers say.
    Rotate,
}

/// What came of writing everything anew, as the server notes it.
#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    error: Option<String>,
}

/// Finds the keys of a cluster that is about to be served, and makes them if it never had any.
pub(crate) fn settle(cluster: &mut Cluster, settings: &Settings) -> Result<Arc<Sealer>> {
    cluster
        .encryption
        .config
        .clone_from(&settings.encryption_provider_config);
    if cluster.encryption.is_none() {
        make(cluster)?;
    }
    cluster.write()?;
    let sealer = cluster.encryption.open()?;
    sealer.context("find out what seals what is secret")
}

/// The same for a cluster that is restored. What it had sealed is replaced, so that keys which are
/// missing may be made anew.
pub(crate) fn settle_for_restore(cluster: &mut Cluster) -> Result<()> {
    let is_lost = |keys: &PathBuf| !keys.exists();
    if cluster.encryption.config.is_none() && cluster.encryption.keys.as_ref().is_none_or(is_lost) {
        make(cluster)?;
        cluster.write()?;
    }
    Ok(())
}

fn make(cluster: &mut Cluster) -> Result<()> {
    let path = usual_place(cluster)?;
    key_file::make(&path)?;
    cluster.encryption.keys = Some(path);
    Ok(())
}

/// Where the keys of a cluster are made: `/etc/gantry/NAME`, and for who is not root below the home.
fn usual_place(cluster: &Cluster) -> Result<PathBuf> {
    let above = match geteuid().is_root() {
        true => PathBuf::from("/etc/gantry"),
        false => {
            let own = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
            let home = || std::env::home_dir().map(|home| home.join(".config"));
            let own = own.filter(|own| own.is_absolute()).or_else(home);
            own.context(
                "find a place for the encryption keys: there is no home directory; name a file with --encryption-provider-config",
            )?
            .join("gantry")
        }
    };
    let which = Which {
        name: cluster.name.clone(),
        data_dir: None,
        port: None,
    };
    let own = std::path::absolute(&cluster.data_dir).context("find the data directory")?;
    let folder = if own == data_dir(&which) {
        cluster.name.clone()
    } else {
        // Clusters of one name in several directories have keys of their own.
        let told_apart = Fnv::default().with(own.as_os_str().as_encoded_bytes());
        format!("{}-{}", cluster.name, told_apart.letters(8))
    };
    let place = above.join(folder).join("encryption.yaml");
    anyhow::ensure!(
        !place.starts_with(&own),
        "keep the encryption keys in {}: that is within the data directory; name a file with --encryption-provider-config",
        place.display()
    );
    Ok(place)
}

/// What opens and seals what a cluster keeps, for commands that work without its server.
pub(crate) fn sealer(cluster: &Cluster) -> Result<Arc<dyn Seal>> {
    Ok(match cluster.encryption.open()? {
        Some(sealer) => sealer,
        None => Arc::new(Plain),
    })
}

/// Seals what lies there otherwise, such as from before there were keys, and ends a rotation that
/// stopped half-way.
pub(crate) async fn finish(cluster: &Cluster, control: &Control, sealer: &Sealer) -> Result<()> {
    if control.is_stale() {
        info!("writing anew what is not sealed with the current key");
        control.resealing().run().await?;
    }
    retire(cluster, sealer)
}

/// Forgets the keys that nothing is sealed with any more, where they are the cluster's own.
fn retire(cluster: &Cluster, sealer: &Sealer) -> Result<()> {
    let own = cluster.encryption.keys.as_deref();
    if let (Some(own), None) = (own, &cluster.encryption.config) {
        let retired = key_file::retire(own)?;
        if retired > 0 {
            info!(keys = retired, "retired old encryption keys");
        }
        sealer.reload()?;
    }
    Ok(())
}

/// Waits for `gantry encryption rotate`, which says by a signal that the keys have changed.
pub(crate) fn heed(
    cluster: Cluster,
    resealing: Resealing,
    sealer: Arc<Sealer>,
) -> Result<impl Future<Output = ()>> {
    let mut asked = signal(SignalKind::user_defined1()).context("listen for signals")?;
    Ok(async move {
        while asked.recv().await.is_some() {
            let outcome = follow(&cluster, &resealing, &sealer).await;
            let error = outcome.err().map(|error| {
                let links: Vec<String> = error.chain().map(ToString::to_string).collect();
                links.join(": ")
            });
            match &error {
                Some(error) => error!(error, "the encryption keys were not rotated"),
                None => info!("everything sealed was written anew"),
            }
            if let Err(error) = tell(&cluster, &Outcome { error }) {
                error!(
                    error = chain(&*error),
                    "could not say what came of the rotation"
                );
            }
        }
    })
}

async fn follow(cluster: &Cluster, resealing: &Resealing, sealer: &Sealer) -> Result<()> {
    sealer.reload()?;
    resealing.run().await?;
    retire(cluster, sealer)
}

fn outcome_file(cluster: &Cluster) -> PathBuf {
    cluster.data_dir.join("rotation.json")
}

fn tell(cluster: &Cluster, outcome: &Outcome) -> Result<()> {
    let path = outcome_file(cluster);
    let beside = path.with_extension("new");
    fs::write(&beside, serde_json::to_vec(outcome)?)?;
    fs::rename(&beside, &path).with_context(|| format!("write {}", path.display()))
}

/// Carries out what was asked for.
pub(crate) async fn run(which: &Which, command: &Command) -> Result<()> {
    let Command::Rotate = command;
    let cluster = Cluster::existing(which)?;
    let Some(path) = cluster.encryption.current().map(Path::to_owned) else {
        bail!(
            "the cluster {:?} has no encryption keys yet: they are made when it is started",
            cluster.name
        );
    };
    let is_own = cluster.encryption.config.is_none();
    let progress = Progress::begin("making a new key");
    // One that was begun and not ended has its new key already.
    if is_own && Configuration::read(&path)?.keys().len() < 2 {
        key_file::add(&path)?;
    }
    progress.now("writing everything sealed anew");
    match serving(&cluster) {
        Some(pid) => ask(&cluster, pid).await?,
        None => {
            let mut config = control_config(&cluster, &Settings::default())?;
            let sealer = cluster.encryption.open()?;
            let sealer = sealer.context("find out what seals what is secret")?;
            config.sealer = Some(Arc::clone(&sealer));
            gantry_control::reseal(&config).await?;
            retire(&cluster, &sealer)?;
        }
    }
    let described = Configuration::read(&path)?.described();
    let lines = described
        .iter()
        .map(|(resources, by)| format!("{} with {by}", resources.join(", ")));
    let lines: Vec<String> = lines.collect();
    progress.done("everything sealed was written anew");
    drop(progress);
    output::line(format!(
        "Sealed: {}. The configuration is in {}: keep a copy of it, apart from the data.",
        lines.join("; "),
        path.display()
    ));
    Ok(())
}

/// Has the server do it, and waits until it says what came of it.
async fn ask(cluster: &Cluster, pid: Pid) -> Result<()> {
    let path = outcome_file(cluster);
    if path.exists() {
        fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
    }
    kill_process(pid, Signal::USR1)
        .with_context(|| format!("ask process {} to read its keys", pid.as_raw_nonzero()))?;
    let begun = Instant::now();
    while !path.exists() {
        if begun.elapsed() > PATIENCE || serving(cluster).is_none() {
            bail!(
                "the server did not say what came of it (see {}); both keys are in the file, and it is ended when the server starts again",
                cluster.log_file().display()
            );
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let text = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    let outcome: Outcome = serde_json::from_slice(&text).context("read what the server said")?;
    match outcome.error {
        Some(error) => bail!("the server could not do it: {error}"),
        None => Ok(()),
    }
}

/// Removes the keys that were made for a cluster.
pub(crate) fn purge(cluster: &Cluster) -> Result<()> {
    let Some(path) = &cluster.encryption.keys else {
        return Ok(());
    };
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    // Only what was made is removed, should somebody have put more there.
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("delete {}", path.display()));
        }
        Ok(()) | Err(_) => {}
    }
    for folder in [Some(folder), folder.parent()].into_iter().flatten() {
        gantry_base::ignore(fs::remove_dir(folder), "others have something there");
    }
    Ok(())
}
