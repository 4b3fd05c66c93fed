//! What the machine under the node is, read from where the kernel and the system say it.

use std::fs;
use std::path::Path;

use gantry_kubelet::node_status::{Machine, Pressure};
use gantry_kubelet::sandbox_config::{Names, Resolution};
use gantry_resolver::{HostConfig, HostFiles};

use crate::agent::Agent;

/// Less memory than this that can be had at once is pressure.
const MEMORY_LOW_BYTES: u64 = 100 << 20;
/// Less of the disk than one part in this many is pressure.
const DISK_LOW_PART: u64 = 20;

/// The machine, whose pods write to the disk that `data_dir` is on.
pub(crate) fn machine(data_dir: &Path) -> Machine {
    let name = rustix::system::uname();
    let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Machine {
        cpus: u32::try_from(cpus).unwrap_or(1),
        memory_bytes: memory("MemTotal").unwrap_or(0),
        disk_bytes: disk(data_dir).0,
        architecture: match std::env::consts::ARCH {
            "x86_64" => "amd64".to_owned(),
            "aarch64" => "arm64".to_owned(),
            other => other.to_owned(),
        },
        kernel: text(name.release()),
        os_image: os_image().unwrap_or_else(|| "Linux".to_owned()),
        machine_id: line("/etc/machine-id"),
        system_uuid: line("/sys/class/dmi/id/product_uuid"),
        boot_id: line("/proc/sys/kernel/random/boot_id"),
        host_name: text(name.nodename()),
    }
}

/// What the machine runs short of at the moment.
pub(crate) fn pressure(data_dir: &Path) -> Pressure {
    let (total, free) = disk(data_dir);
    Pressure {
        memory: memory("MemAvailable").is_some_and(|bytes| bytes < MEMORY_LOW_BYTES),
        disk: total > 0 && free < total / DISK_LOW_PART,
        pids: processes().is_some_and(|(used, most)| used > most / 10 * 9),
    }
}

/// The size of the disk, and what of it is free, in bytes. What is kept back from everybody counts
/// as neither, as df(1) counts.
pub(crate) fn disk(dir: &Path) -> (u64, u64) {
    rustix::fs::statvfs(dir).map_or((0, 0), |fs| {
        let used = fs.f_blocks.saturating_sub(fs.f_bfree);
        let usable = used.saturating_add(fs.f_bavail);
        (usable * fs.f_frsize, fs.f_bavail * fs.f_frsize)
    })
}

/// How pods' names are to be resolved, as the machine is configured at the moment.
pub(crate) fn names(agent: &Agent) -> Names {
    let host = HostConfig::read(&HostFiles::default());
    Names {
        domain: agent.config.domain.clone(),
        dns: agent.config.cluster_dns.to_string(),
        host: Resolution {
            servers: host.servers.iter().map(ToString::to_string).collect(),
            searches: host.searches,
            options: host.options,
        },
        host_name: agent.machine.host_name.clone(),
        host_file: fs::read_to_string("/etc/hosts").unwrap_or_default(),
    }
}

fn memory(field: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let rest = text
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kibibytes: u64 = rest.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// How many processes and threads there are, and how many there may be.
fn processes() -> Option<(u64, u64)> {
    let load = line("/proc/loadavg");
    let used = load.split(' ').nth(3)?.split('/').nth(1)?.parse().ok()?;
    Some((used, line("/proc/sys/kernel/pid_max").parse().ok()?))
}

fn os_image() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').to_owned())
}

/// A file of one line; empty when there is none.
fn line(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}
