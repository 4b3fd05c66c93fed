//! A disk that is full, and files that are not as they were written.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gantry_base::ignore;

use super::{kill, tests};
use crate::harness::{Cluster, Lab, Program, Test, until, within};

pub(crate) const TESTS: &[Test] = tests![
    a_full_disk_takes_deletions_and_has_room_again_afterwards,
    a_torn_end_is_cut_off,
    damage_in_the_middle_stops_the_server_until_a_backup_is_restored,
];

/// What a disk of a test's own holds: a log of some large objects, and what is kept for deletions.
const DISK: &str = "size=14m";
const LARGE: usize = 900_000;
/// More of them than the disk can hold.
const MANY: usize = 40;
/// Until the server thinks of room for deletions, or of a picture: some ten seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file system in memory, gone with the value.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Result<Self> {
        let mount = Program::new("mount").words("-t tmpfs tmpfs -o").arg(DISK);
        mount.arg(at).run()?.ok()?;
        Ok(Self(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Program::new("umount").arg("-l").arg(&self.0).run();
        ignore(unmounted, "what is left fails the test");
    }
}

/// A cluster whose data lies on a disk of its own.
fn on_a_small_disk(lab: &Lab) -> Result<(Cluster<'_>, Disk)> {
    let cluster = Cluster::prepare(lab, "e2e-full")?;
    let place = cluster.home().join("disk");
    fs::create_dir(&place)?;
    let disk = Disk::mount(&place)?;
    fs::remove_dir_all(cluster.data_dir())?;
    std::os::unix::fs::symlink(place.join("data"), cluster.data_dir())?;
    fs::create_dir(place.join("data"))?;
    Ok((cluster, disk))
}

fn large(number: usize) -> String {
    let text = "x".repeat(LARGE);
    format!(
        "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: large-{number}}}, data: {{text: {text}}}}}"
    )
}

fn a_full_disk_takes_deletions_and_has_room_again_afterwards(lab: &Lab) -> Result<()> {
    let (cluster, disk) = on_a_small_disk(lab)?;
    cluster.gantry("up --no-node")?.ok()?;
    let reserve = cluster.data_dir().join("store/reserve");
    within(PATIENCE, "room is kept for deletions", || {
        let length = fs::metadata(&reserve)?.len();
        ensure!(length == 4 * 1024 * 1024, "{length} bytes");
        Ok(())
    })?;
    let create = |number| {
        let program = cluster.kubectl_program("create --validate=false -f -");
        program.input(large(number)).run()
    };
    let mut count = 0;
    let refused = loop {
        ensure!(count < MANY, "fill the disk");
        let said = create(count)?;
        if !said.status.success() {
            break said.refused()?;
        }
        count += 1;
    };
    ensure!(
        refused.contains("full disk, which takes deletions only"),
        "say why: {refused}"
    );
    ensure!(
        cluster
            .k("get configmap large-0 -o name")?
            .contains("large-0")
    );
    let names: Vec<String> = (0..count).map(|number| format!("large-{number}")).collect();
    cluster.k(&format!("delete configmap {}", names.join(" ")))?;
    within(PATIENCE, "there is room again", || create(MANY)?.ok())?;
    cluster.down("")?;
    cluster.gantry("up --no-node")?.ok()?;
    let left = cluster.k("get configmaps -o name")?;
    ensure!(
        left.contains("large-40") && !left.contains("large-0\n"),
        "{left}"
    );
    cluster.down("--purge")?;
    drop(disk);
    Ok(())
}

/// The last file of the log.
fn last_log(cluster: &Cluster<'_>) -> Result<PathBuf> {
    let mut logs = Vec::new();
    for entry in fs::read_dir(cluster.data_dir().join("store"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("log-") {
            logs.push(path);
        }
    }
    logs.sort();
    logs.pop().context("find the log")
}

fn a_torn_end_is_cut_off(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "e2e-torn")?;
    cluster.gantry("up --no-node")?.ok()?;
    cluster.k("create configmap kept")?;
    kill(&cluster)?;
    let mut log = OpenOptions::new().append(true).open(last_log(&cluster)?)?;
    log.write_all(&[0, 0, 2, 17, 4])?;
    drop(log);
    cluster.gantry("up --no-node")?.ok()?;
    cluster.k("get configmap kept")?;
    cluster.k("create configmap later")?;
    let said = fs::read_to_string(cluster.data_dir().join("server.log"))?;
    ensure!(
        said.contains("an unacknowledged write was cut off"),
        "{said}"
    );
    Ok(())
}

fn damage_in_the_middle_stops_the_server_until_a_backup_is_restored(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "e2e-damaged")?;
    cluster.gantry("up --no-node")?.ok()?;
    cluster.k("create configmap kept")?;
    let saved = cluster.home().join("saved").display().to_string();
    cluster.gantry(&format!("backup {saved}"))?.ok()?;
    cluster.k("create configmap later")?;
    cluster.down("")?;

    let log = last_log(&cluster)?;
    let file = OpenOptions::new().read(true).write(true).open(&log)?;
    let at = file.metadata()?.len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at)?;
    file.write_all_at(&[byte[0] ^ 0x10], at)?;
    drop(file);
    let refused = cluster.gantry("up --no-node")?.refused()?;
    let name = log
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    for word in [name.as_str(), "damaged at byte", "restore it from a backup"] {
        ensure!(refused.contains(word), "say {word:?}: {refused}");
    }
    ensure!(cluster.server().is_err(), "serve nobody");

    cluster.gantry(&format!("restore {saved} --force"))?.ok()?;
    cluster.gantry("up --no-node")?.ok()?;
    let there = cluster.k("get configmaps -o name")?;
    ensure!(
        there.contains("kept") && !there.contains("later"),
        "{there}"
    );
    until("it takes writes", || {
        cluster.k("create configmap afterwards")
    })?;
    Ok(())
}
