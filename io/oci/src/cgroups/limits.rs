//! Limits as the kernel's files want them. Pure: resources in, file names and values out.

use gantry_kubelet::sandbox::Resources;

use super::{Hierarchy, Version};

/// The period that a quota refers to when none is given.
const PERIOD_US: u64 = 100_000;

/// The bounds that the kernel sets to shares.
const SHARES: std::ops::RangeInclusive<u64> = 2..=262_144;

/// One value for one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) file: &'static str,
    pub(super) value: String,
    /// Kernels may be built without it.
    pub(super) optional: bool,
}

fn setting(file: &'static str, value: impl ToString) -> Setting {
    Setting {
        file,
        value: value.to_string(),
        optional: false,
    }
}

fn optional(file: &'static str, value: impl ToString) -> Setting {
    Setting {
        optional: true,
        ..setting(file, value)
    }
}

/// What to write in one hierarchy, in order.
pub(super) fn settings(hierarchy: &Hierarchy, resources: &Resources) -> Vec<Setting> {
    match hierarchy.version {
        Version::One => first(hierarchy, resources),
        Version::Two => second(hierarchy, resources),
    }
}

fn first(hierarchy: &Hierarchy, resources: &Resources) -> Vec<Setting> {
    let mut all = Vec::new();
    if hierarchy.has("cpu") {
        all.extend(
            resources
                .cpu_shares
                .map(|n| setting("cpu.shares", clamp(n))),
        );
        if let Some(quota) = resources.cpu_quota_us {
            all.push(setting(
                "cpu.cfs_period_us",
                resources.cpu_period_us.unwrap_or(PERIOD_US),
            ));
            all.push(setting("cpu.cfs_quota_us", quota));
        }
    }
    if let (true, Some(bytes)) = (hierarchy.has("memory"), resources.memory_bytes) {
        all.push(setting("memory.limit_in_bytes", bytes));
        all.push(optional("memory.memsw.limit_in_bytes", bytes));
    }
    if hierarchy.has("pids") {
        all.extend(resources.pids.map(|n| setting("pids.max", n)));
    }
    all
}

fn second(hierarchy: &Hierarchy, resources: &Resources) -> Vec<Setting> {
    let mut all = Vec::new();
    if hierarchy.has("cpu") {
        all.extend(
            resources
                .cpu_shares
                .map(|n| setting("cpu.weight", weight(n))),
        );
        let period = resources.cpu_period_us.unwrap_or(PERIOD_US);
        let max = resources
            .cpu_quota_us
            .map(|quota| format!("{quota} {period}"));
        all.extend(max.map(|max| setting("cpu.max", max)));
    }
    if let (true, Some(bytes)) = (hierarchy.has("memory"), resources.memory_bytes) {
        all.push(setting("memory.max", bytes));
        all.push(optional("memory.swap.max", 0));
        all.push(optional("memory.oom.group", 1));
    }
    if hierarchy.has("pids") {
        all.extend(resources.pids.map(|n| setting("pids.max", n)));
    }
    all
}

/// The controllers without which these limits would mean nothing.
pub(super) fn needed(resources: &Resources) -> impl Iterator<Item = &'static str> {
    let wanted = [
        (resources.cpu_quota_us.is_some(), "cpu"),
        (resources.memory_bytes.is_some(), "memory"),
        (resources.pids.is_some(), "pids"),
    ];
    wanted
        .into_iter()
        .filter(|(is_wanted, _)| *is_wanted)
        .map(|(_, name)| name)
}

fn clamp(shares: u64) -> u64 {
    shares.clamp(*SHARES.start(), *SHARES.end())
}

/// The second version's weight, 1 to 10000, for the first version's shares, 2 to 262144.
fn weight(shares: u64) -> u64 {
    1 + (clamp(shares) - 2) * 9_999 / 262_142
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_span_the_same_range_as_shares() {
        let weights = [0, 2, 1024, 262_144, u64::MAX].map(weight);
        assert_eq!(weights, [1, 1, 39, 10_000, 10_000]);
    }

    fn unified(controllers: &[&str]) -> Hierarchy {
        let controllers = controllers.iter().map(|&name| name.to_owned()).collect();
        Hierarchy {
            version: Version::Two,
            controllers,
            mount: "/sys/fs/cgroup".into(),
        }
    }

    #[test]
    fn a_quota_brings_its_period() {
        let resources = Resources {
            cpu_quota_us: Some(50_000),
            ..Resources::default()
        };
        let settings = settings(&unified(&["cpu"]), &resources);
        assert_eq!(settings, [setting("cpu.max", "50000 100000")]);
    }

    #[test]
    fn a_hierarchy_without_controllers_is_not_written_to() {
        let resources = Resources {
            memory_bytes: Some(1),
            pids: Some(1),
            ..Resources::default()
        };
        assert_eq!(settings(&unified(&[]), &resources), []);
        assert_eq!(needed(&resources).collect::<Vec<_>>(), ["memory", "pids"]);
    }
}
