//! `gantry backup` and `gantry restore`: everything of a cluster, in one file.
//!
//! The file holds every record at one revision, the cluster's keys, and what was chosen when the
//! cluster was made. Whoever has it can be anybody in the cluster: it is made readable by its owner
//! only.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use gantry_etcd::Occupied;
use gantry_journal::backup::Backup as Content;
use gantry_store::Revision;

use crate::cluster::Cluster;
use crate::datastore::{self, Datastore};
use crate::encryption;
use crate::options::Which;
use crate::output::{self, Progress};

/// The name of the record of what was chosen.
const CLUSTER: &str = "cluster.json";
/// The folder of the keys.
const KEYS: &str = "pki";
/// More revisions than a cluster can have given out since the backup that it is restored from.
const MARGIN: u64 = 1_000_000_000;

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file to make.
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup.
    file: PathBuf,
    /// Replace the state and the keys that are there; those of the data directory are kept as
    /// `store.old` and `pki.old`.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    datastore: Datastore,
}

/// Writes the backup; the cluster may run.
pub(crate) async fn backup(which: &Which, options: &Backup) -> Result<()> {
    let cluster = Cluster::existing(which)?;
    let progress = Progress::begin("reading the state");
    let content = Content {
        contents: datastore::read(&cluster).await?,
        files: files(&cluster)?,
    };
    progress.now("writing the backup");
    let bytes = content.write(&options.file)?;
    drop(progress);
    output::line(format!(
        "{}: {} records at revision {}, {bytes} bytes. It holds the cluster's keys, and Secrets in the clear: keep it safe.",
        options.file.display(),
        content.contents.records.len(),
        content.contents.revision
    ));
    Ok(())
}

/// What a cluster needs beside its records.
fn files(cluster: &Cluster) -> Result<Vec<(String, Vec<u8>)>> {
    let mut names = vec![CLUSTER.to_owned()];
    let folder = cluster.data_dir.join(KEYS);
    let entries = fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("read {}", folder.display()))?;
        let name = entry.file_name();
        names.push(format!("{KEYS}/{}", name.to_string_lossy()));
    }
    names.sort();
    let content = |name: String| -> Result<(String, Vec<u8>)> {
        let path = cluster.data_dir.join(&name);
        let content = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        Ok((name, content))
    };
    names.into_iter().map(content).collect()
}

/// Makes a backup the state of a cluster that is down.
pub(crate) async fn restore(which: &Which, options: &Restore) -> Result<()> {
    let progress = Progress::begin("checking the backup");
    let Content {
        mut contents,
        files,
    } = Content::read(&options.file)?;
    let (mut cluster, is_new) = cluster(which, &files)?;
    datastore::require_down(&cluster)?;
    let occupied = if options.force {
        Occupied::Replace
    } else {
        Occupied::Keep
    };
    check_keys(&cluster, &files, occupied)?;
    encryption::settle_for_restore(&mut cluster)?;
    progress.now("restoring the state");
    datastore::remove(&datastore::fresh(&datastore::store(&cluster)))?;
    if is_new {
        cluster.write()?;
    }
    datastore::settle(&mut cluster, &options.datastore)?;
    contents.revision = later(&cluster, contents.revision);
    let (keys, revision) = (contents.records.len(), contents.revision);
    datastore::write(&cluster, contents, occupied).await?;
    write_keys(&cluster, &files)?;
    drop(progress);
    output::line(format!(
        "{keys} records restored; revisions go on above {revision}. Start the cluster with `gantry{} up`.",
        cluster.flags()
    ));
    Ok(())
}

/// The cluster to restore, and whether it is made for that.
fn cluster(which: &Which, files: &[(String, Vec<u8>)]) -> Result<(Cluster, bool)> {
    let record = files.iter().find(|(name, _)| name == CLUSTER);
    let (_, record) = record.context("find out what cluster the backup is of")?;
    let saved = Cluster::saved(which, record)?;
    let Some(known) = Cluster::find(which)? else {
        return Ok((saved, true));
    };
    ensure!(
        known.services() == saved.services(),
        "the backup's services have their addresses in {}, those of the cluster {:?} in {}: \
         restore it under another --name, or after `gantry down --purge`",
        saved.services(),
        known.name,
        known.services()
    );
    Ok((known, false))
}

/// Refuses to replace other keys than the backup's, unless that is wanted.
fn check_keys(cluster: &Cluster, files: &[(String, Vec<u8>)], occupied: Occupied) -> Result<()> {
    for (name, content) in keys(files) {
        let path = cluster.data_dir.join(KEYS).join(name);
        let is_other = fs::read(&path).is_ok_and(|known| known != *content);
        // The server's own certificate is made again whenever that is due.
        if is_other && occupied == Occupied::Keep && !name.starts_with("server") {
            bail!(
                "{} is another key than the backup's: --force replaces it",
                path.display()
            );
        }
    }
    Ok(())
}

/// The keys of the backup, by the names of their files. Other names are none of ours.
fn keys(files: &[(String, Vec<u8>)]) -> impl Iterator<Item = (&str, &Vec<u8>)> {
    files.iter().filter_map(|(name, content)| {
        let name = name.strip_prefix(KEYS)?.strip_prefix('/')?;
        let is_plain = !name.contains('/') && !name.starts_with('.');
        is_plain.then_some((name, content))
    })
}

/// A revision above all that were given out, also after the backup was made.
fn later(cluster: &Cluster, saved: Revision) -> Revision {
    let known = encryption::sealer(cluster)
        .ok()
        .and_then(|seal| gantry_journal::rest::read(&datastore::store(cluster), &*seal).ok());
    let known = known.map_or(Revision(0), |contents| contents.revision);
    Revision(saved.0 + MARGIN).max(known.next())
}

fn write_keys(cluster: &Cluster, files: &[(String, Vec<u8>)]) -> Result<()> {
    let folder = cluster.data_dir.join(KEYS);
    let fresh = datastore::fresh(&folder);
    datastore::remove(&fresh)?;
    make_folder(&fresh)?;
    for (name, content) in keys(files) {
        write_secret(&fresh.join(name), content)?;
    }
    datastore::replace(&folder, &fresh)
}

fn make_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.with_context(|| format!("make {}", path.display()))
}

fn write_secret(path: &Path, content: &[u8]) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.with_context(|| format!("write {}", path.display()))
}
