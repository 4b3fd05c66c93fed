//! The list of what is checked, at which level and as of which version.

use std::fmt;

use super::policy::{Level, Standard, Version};
use super::subject::Subject;
use super::{baseline, restricted};

/// What a pod does that it should not.
#[derive(Debug)]
pub(super) struct Violation {
    /// What kind of thing.
    pub(super) reason: String,
    /// Where it does it.
    pub(super) detail: String,
}

impl Violation {
    pub(super) fn new(reason: impl Into<String>, detail: String) -> Self {
        Self {
            reason: reason.into(),
            detail,
        }
    }
}

/// Everything that a pod does that it should not.
#[derive(Debug)]
pub(super) struct Violations(Vec<Violation>);

impl Violations {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The reasons alone: pods that are wrong in the same ways have the same.
    pub(super) fn reasons(&self) -> String {
        let reasons: Vec<&str> = self.0.iter().map(|one| one.reason.as_str()).collect();
        reasons.join(", ")
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, one) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{} ({})", one.reason, one.detail)?;
        }
        Ok(())
    }
}

/// What is wrong with a pod, as the minor version sees it.
type Judge = fn(&Subject<'_>, u32) -> Option<Violation>;

struct Check {
    judge: Judge,
    /// The mildest level that makes it.
    level: Level,
    /// The first minor version that makes it.
    since: u32,
    /// The first minor version in which the strictest level has a stricter one in its place.
    replaced: Option<u32>,
}

const fn baseline(since: u32, judge: Judge) -> Check {
    Check {
        judge,
        level: Level::Baseline,
        since,
        replaced: None,
    }
}

const fn until(minor: u32, check: Check) -> Check {
    Check {
        replaced: Some(minor),
        ..check
    }
}

const fn restricted(since: u32, judge: Judge) -> Check {
    Check {
        judge,
        level: Level::Restricted,
        since,
        replaced: None,
    }
}

/// All checks, in the order in which they are told.
const CHECKS: &[Check] = &[
    baseline(0, baseline::app_armor),
    until(22, baseline(0, baseline::capabilities)),
    baseline(0, baseline::host_namespaces),
    until(0, baseline(0, baseline::host_paths)),
    baseline(0, baseline::host_ports),
    baseline(34, baseline::hosts),
    baseline(0, baseline::privileged),
    until(35, baseline(0, baseline::proc_mount)),
    baseline(0, baseline::selinux),
    until(19, baseline(0, baseline::seccomp)),
    baseline(0, baseline::sysctls),
    baseline(0, baseline::windows),
    restricted(8, restricted::privilege_escalation),
    restricted(22, restricted::capabilities),
    restricted(35, restricted::proc_mount),
    restricted(0, restricted::volumes),
    restricted(0, restricted::run_as_non_root),
    restricted(23, restricted::run_as_user),
    restricted(19, restricted::seccomp),
];

/// The version that the newest of the checks above belong to; later ones are as this one is.
const NEWEST: u32 = 35;

/// Everything about a pod that a standard does not allow.
pub(super) fn violations(standard: Standard, subject: &Subject<'_>) -> Violations {
    let minor = match standard.version {
        Version::Latest => NEWEST,
        Version::Minor(minor) => minor.min(NEWEST),
    };
    let is_made = |check: &&Check| {
        let is_replaced = check.replaced.is_some_and(|since| since <= minor);
        check.level <= standard.level
            && check.since <= minor
            && !(is_replaced && standard.level == Level::Restricted)
    };
    let made = CHECKS.iter().filter(is_made);
    Violations(
        made.filter_map(|check| (check.judge)(subject, minor))
            .collect(),
    )
}
