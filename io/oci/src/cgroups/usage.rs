//! Reads what a group uses. A file that is missing counts as zero.

use std::fs;
use std::path::Path;

use gantry_kubelet::sandbox::Usage;

use super::{Hierarchy, Version};

/// Adds what one hierarchy knows of a group.
pub(super) fn read(hierarchy: &Hierarchy, directory: &Path, usage: &mut Usage) {
    match hierarchy.version {
        Version::Two => {
            usage.cpu_ns = field(directory, "cpu.stat", "usage_usec").saturating_mul(1_000);
            let memory = ("memory.current", "inactive_file");
            read_memory(directory, memory, usage);
            usage.pids = usage.pids.max(number(directory, "pids.current"));
        }
        Version::One => {
            if hierarchy.has("cpuacct") {
                usage.cpu_ns = usage.cpu_ns.max(number(directory, "cpuacct.usage"));
            }
            if hierarchy.has("memory") {
                let memory = ("memory.usage_in_bytes", "total_inactive_file");
                read_memory(directory, memory, usage);
            }
            if hierarchy.has("pids") {
                usage.pids = number(directory, "pids.current");
            }
        }
    }
}

fn read_memory(directory: &Path, (total, inactive): (&str, &str), usage: &mut Usage) {
    let bytes = number(directory, total);
    if bytes > 0 {
        usage.memory_bytes = bytes;
        let idle = field(directory, "memory.stat", inactive);
        usage.working_set_bytes = bytes.saturating_sub(idle);
    }
}

/// How many processes of a group were killed for want of memory.
pub(super) fn oom_kills(hierarchy: &Hierarchy, directory: &Path) -> u64 {
    match hierarchy.version {
        Version::Two => field(directory, "memory.events", "oom_kill"),
        Version::One if hierarchy.has("memory") => {
            field(directory, "memory.oom_control", "oom_kill")
        }
        Version::One => 0,
    }
}

fn number(directory: &Path, file: &str) -> u64 {
    let text = fs::read_to_string(directory.join(file)).unwrap_or_default();
    text.trim().parse().unwrap_or_default()
}

fn field(directory: &Path, file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(directory.join(file)).unwrap_or_default();
    let mut pairs = text.lines().filter_map(|line| line.split_once(' '));
    let value = pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim());
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or_default()
}
