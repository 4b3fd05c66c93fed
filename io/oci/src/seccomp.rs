//! Which system calls a container may make, as programs for the kernel.
//!
//! A profile becomes one or more programs; the kernel runs them all and takes the strictest
//! answer. They are made before the fork, and a container's later programs get the same ones.
//! Programs of another architecture, 32-bit ones included, are killed at their first call.

mod default;
mod profile;
mod syscalls;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use gantry_kubelet::sandbox::{ContainerConfig, Seccomp};
use rustix::thread::CapabilitySet;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use thiserror::Error;

use crate::capabilities::{self, UnknownCapability};
use crate::sys;

/// Why there is no filter.
#[derive(Debug, Error)]
pub(crate) enum SeccompError {
    #[error("build the system call filter")]
    Build(#[from] seccompiler::Error),
    #[error("build the system call filter for this processor")]
    Backend(#[from] seccompiler::BackendError),
    #[error("read the seccomp profile {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("understand the seccomp profile {path}")]
    Profile {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("use the seccomp profile: {0} is not built yet")]
    Unsupported(String),
    #[error(transparent)]
    Capability(#[from] UnknownCapability),
}

/// The filters of one container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters(Vec<BpfProgram>);

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

impl Filters {
    /// The filters that a configuration asks for.
    pub(crate) fn of(config: &ContainerConfig) -> Result<Self, SeccompError> {
        match &config.seccomp {
            _ if config.privileged => Ok(Self::default()),
            Seccomp::Unconfined => Ok(Self::default()),
            Seccomp::Default => Self::default_for(capabilities::granted(config)?),
            Seccomp::Localhost(path) => profile::load(path),
        }
    }

    fn default_for(granted: CapabilitySet) -> Result<Self, SeccompError> {
        let mut rules = Rules::new();
        let held = default::WITH_CAPABILITY
            .iter()
            .filter(|(c, _)| granted.contains(*c));
        let names = held
            .flat_map(|(_, names)| names.iter())
            .chain(default::ALLOWED);
        rules.extend(
            names
                .filter_map(|name| syscalls::number(name))
                .map(|n| (n, Vec::new())),
        );
        rules.insert(
            libc::SYS_socket,
            vec![not_equal(0, default::CLOSED_FAMILY)?],
        );
        let asked = default::PERSONALITIES.iter().map(|value| equal(0, *value));
        rules.insert(libc::SYS_personality, asked.collect::<Result<_, _>>()?);
        let may_make_namespaces = granted.contains(CapabilitySet::SYS_ADMIN);
        let clone = if may_make_namespaces {
            Vec::new()
        } else {
            vec![no_namespaces()?]
        };
        rules.insert(libc::SYS_clone, clone);
        rules.insert(libc::SYS_clone3, Vec::new());
        let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let mut programs = vec![compile(rules, refused, SeccompAction::Allow)?];
        if !may_make_namespaces {
            programs.push(without_clone3()?);
        }
        Ok(Self(programs))
    }

    /// Puts this process under them.
    pub(crate) fn apply(&self) -> io::Result<()> {
        self.0
            .iter()
            .try_for_each(|program| sys::add_seccomp_filter(program))
    }
}

/// Its flags lie in memory, where a filter cannot look; told that the call does not exist,
/// libraries fall back to the older one.
fn without_clone3() -> Result<BpfProgram, SeccompError> {
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    compile(
        Rules::from([(libc::SYS_clone3, Vec::new())]),
        SeccompAction::Allow,
        absent,
    )
}

fn compile(
    rules: Rules,
    otherwise: SeccompAction,
    matching: SeccompAction,
) -> Result<BpfProgram, SeccompError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    Ok(SeccompFilter::new(rules, otherwise, matching, arch)?.try_into()?)
}

fn no_namespaces() -> Result<SeccompRule, SeccompError> {
    rule(0, SeccompCmpOp::MaskedEq(default::NAMESPACE_FLAGS), 0)
}

fn equal(argument: u8, value: u64) -> Result<SeccompRule, SeccompError> {
    rule(argument, SeccompCmpOp::Eq, value)
}

fn not_equal(argument: u8, value: u64) -> Result<SeccompRule, SeccompError> {
    rule(argument, SeccompCmpOp::Ne, value)
}

fn rule(argument: u8, op: SeccompCmpOp, value: u64) -> Result<SeccompRule, SeccompError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, op, value)?;
    Ok(SeccompRule::new(vec![condition])?)
}
