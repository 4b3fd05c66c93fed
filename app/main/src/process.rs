//! The server's process, as other commands see it: whether it runs, and how to end it.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, geteuid, kill_process, test_kill_process};

use crate::cluster::Cluster;

/// How long a server may take to end in an orderly way.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Refuses to go on without the rights that containers need.
pub(crate) fn require_root() -> Result<()> {
    if geteuid().is_root() {
        return Ok(());
    }
    bail!(
        "gantry makes containers, networks and packet rules, which only root may: try again with sudo (a control plane alone, `--no-node`, does not need it)"
    );
}

/// Whether this process may do everything on this machine.
pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

/// The process that serves this cluster, if one does.
pub(crate) fn serving(cluster: &Cluster) -> Option<Pid> {
    let text = fs::read_to_string(cluster.pid_file()).ok()?;
    let (number, started) = text.trim().split_once(' ')?;
    let pid = Pid::from_raw(number.parse().ok()?)?;
    let same = started_at(pid).is_some_and(|now| now == started);
    (same && test_kill_process(pid).is_ok()).then_some(pid)
}

/// Notes that this process serves the cluster.
pub(crate) fn note_serving(cluster: &Cluster) -> Result<()> {
    let pid = rustix::process::getpid();
    let started = started_at(pid).context("find out when this process started")?;
    let path = cluster.pid_file();
    fs::write(&path, format!("{} {started}\n", pid.as_raw_nonzero()))
        .with_context(|| format!("write {}", path.display()))
}

/// When a process started, which tells it from a later one with the same number; nothing for one
/// that has ended, even if nobody has noticed yet.
fn started_at(pid: Pid) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let mut after_name = stat.rsplit_once(')')?.1.split_whitespace();
    let state = after_name.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    after_name.nth(18).map(str::to_owned)
}

/// Asks the server to end and waits until it has.
pub(crate) async fn end(cluster: &Cluster) -> Result<bool> {
    let Some(pid) = serving(cluster) else {
        return Ok(false);
    };
    kill_process(pid, Signal::TERM)
        .with_context(|| format!("ask process {} to end", pid.as_raw_nonzero()))?;
    let begun = Instant::now();
    while serving(cluster).is_some() {
        if begun.elapsed() > PATIENCE {
            kill_process(pid, Signal::KILL).context("end the server")?;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(true)
}
