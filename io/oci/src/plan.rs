//! What a new process does to become a container's, as a list of steps.
//!
//! Pure: a specification in, steps out. The order carries the meaning. What needs rights comes
//! before they are given up; what is opened on the node comes before the node disappears.
//!
//! Every mount refuses device files, except the single ones of `/dev`. A container that can make
//! device files therefore cannot open them, and no device rules are needed in the kernel.

mod filesystem;
mod step;

use std::collections::BTreeMap;

use gantry_kubelet::sandbox::Seccomp;
use rustix::thread::CapabilitySet;

use crate::capabilities::{self, UnknownCapability};
use crate::spec::ContainerSpec;

pub use filesystem::PodFiles;
pub use step::{Attributes, FileStep, Step};

/// What a pod's shape means for a container of it.
#[derive(Clone, Debug, Default)]
pub struct PodShape {
    /// Files and directories that the pod provides.
    pub files: PodFiles,
}

/// What a new process does to itself, and the program that it then becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its environment.
    pub env: BTreeMap<String, String>,
}

/// The way from a forked process to a container's first program.
pub fn container(spec: &ContainerSpec, pod: &PodShape) -> Result<Plan, UnknownCapability> {
    let granted = capabilities::granted(&spec.config)?;
    let mut steps = vec![
        Step::Session,
        Step::JoinCgroup,
        Step::OomScoreAdj(spec.config.oom_score_adj),
        Step::OpenFileLimit,
        Step::CgroupNamespace,
    ];
    filesystem::build(spec, pod, &mut steps);
    steps.push(streams(spec.config.tty));
    if spec.config.readonly_rootfs {
        steps.push(FileStep::ReadonlyRoot.into());
    }
    confine(spec, granted, &mut steps);
    Ok(Plan {
        steps,
        argv: spec.argv.clone(),
        env: spec.env.clone(),
    })
}

/// The way from a forked process to one more program in a container that runs.
pub fn exec(spec: &ContainerSpec, argv: Vec<String>, tty: bool) -> Result<Plan, UnknownCapability> {
    let granted = capabilities::granted(&spec.config)?;
    let mut steps = vec![
        Step::Session,
        Step::JoinCgroup,
        Step::OomScoreAdj(spec.config.oom_score_adj),
        Step::OpenFileLimit,
        Step::JoinContainer,
        Step::WorkingDirectory(spec.working_dir.clone()),
        streams(tty),
    ];
    confine(spec, granted, &mut steps);
    let mut env = spec.env.clone();
    if tty {
        env.entry("TERM".into()).or_insert_with(|| "xterm".into());
    }
    Ok(Plan { steps, argv, env })
}

fn streams(tty: bool) -> Step {
    if tty {
        Step::OpenTerminal
    } else {
        Step::TakeStreams
    }
}

/// Gives up rights. A filter needs either rights or the promise never to gain any; so it comes
/// first for those who may still gain some, and last for the others, whom it then hinders least.
fn confine(spec: &ContainerSpec, granted: CapabilitySet, steps: &mut Vec<Step>) {
    let config = &spec.config;
    let filtered = !config.privileged && config.seccomp != Seccomp::Unconfined;
    steps.push(Step::BoundCapabilities(granted));
    if config.no_new_privs {
        steps.push(Step::NoNewPrivileges);
    } else if filtered {
        steps.push(Step::FilterSystemCalls);
    }
    steps.push(Step::Identity {
        run_as: config.run_as.clone(),
        image_user: spec.image_user.clone(),
        never_root: config.run_as_non_root,
    });
    steps.push(Step::KeepCapabilities(granted));
    if config.no_new_privs && filtered {
        steps.push(Step::FilterSystemCalls);
    }
}

#[cfg(test)]
mod tests;
