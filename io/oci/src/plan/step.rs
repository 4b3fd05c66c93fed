//! One thing that a new process does to itself.

use std::fmt;
use std::path::PathBuf;

use gantry_kubelet::sandbox::{Propagation, RunAs};
use rustix::thread::CapabilitySet;

/// One step on the way from a forked process to a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Begin a session of its own, without a terminal.
    Session,
    /// Move into the container's cgroup.
    JoinCgroup,
    /// Say how readily to be killed for want of memory.
    OomScoreAdj(i32),
    /// Set how many files may be open.
    OpenFileLimit,
    /// See the own cgroup as the root of all.
    CgroupNamespace,
    /// Return to the node's mounts, which volumes come from.
    NodeMounts,
    /// Begin mounts of its own.
    OwnMounts,
    /// Build the file system.
    Files(FileStep),
    /// Enter the mounts of a container that runs.
    JoinContainer,
    /// Go there, making the directory if it is not there.
    WorkingDirectory(String),
    /// Take the standard streams that it was given.
    TakeStreams,
    /// Open a terminal of its own.
    OpenTerminal,
    /// Make these the most it can ever have.
    BoundCapabilities(CapabilitySet),
    /// Promise to gain no rights by running a program.
    NoNewPrivileges,
    /// Limit the system calls.
    FilterSystemCalls,
    /// Become the user.
    Identity {
        /// What was asked for.
        run_as: RunAs,
        /// What the image says.
        image_user: String,
        /// Refuse when that turns out to be root.
        never_root: bool,
    },
    /// Give up all others.
    KeepCapabilities(CapabilitySet),
}

/// One step of building what a process sees as its file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileStep {
    /// Hold something of the pod's own mounts, to be bound at a destination later.
    OpenInPod {
        /// The file or directory.
        source: PathBuf,
        /// Where it will be bound.
        at: String,
    },
    /// Hold something of the node, to be bound at a destination later.
    OpenOnNode {
        /// The file or directory.
        source: PathBuf,
        /// Where it will be bound.
        at: String,
    },
    /// Mount the root: read-only layers, the uppermost first, and one to write to.
    Overlay {
        /// The image.
        layers: Vec<PathBuf>,
        /// The directory that holds the writable layer and the place to mount at.
        scratch: PathBuf,
    },
    /// Mount a kernel file system.
    Filesystem {
        /// Its type.
        kind: &'static str,
        /// Where.
        at: String,
        /// Its options.
        options: Vec<(&'static str, String)>,
        /// What is refused there.
        attributes: Attributes,
    },
    /// Give it every device file that the node has.
    CopyDevices,
    /// Show the container its own cgroups.
    Cgroups,
    /// Bind what was opened before.
    Bind {
        /// Where.
        at: String,
        /// What is refused there.
        attributes: Attributes,
        /// Whether later mounts are seen across.
        propagation: Propagation,
    },
    /// Make a symbolic link, unless something is there.
    Symlink {
        /// Where.
        at: &'static str,
        /// What it points to.
        to: &'static str,
    },
    /// Hide a path, if there is such.
    Mask(&'static str),
    /// Make a path read-only, if there is such.
    Readonly(&'static str),
    /// Make the mounted root the only one.
    EnterRoot,
    /// Make the root read-only.
    ReadonlyRoot,
}

impl From<FileStep> for Step {
    fn from(step: FileStep) -> Self {
        Self::Files(step)
    }
}

/// What is refused on a mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Writing.
    pub readonly: bool,
    /// Writing, on mounts below too.
    pub recursive_readonly: bool,
    /// Set-user-id programs.
    pub nosuid: bool,
    /// Device files.
    pub nodev: bool,
    /// Programs.
    pub noexec: bool,
}

impl Attributes {
    /// The usual for file systems of the kernel.
    pub(crate) const KERNEL: Self = Self {
        readonly: false,
        recursive_readonly: false,
        nosuid: true,
        nodev: true,
        noexec: true,
    };

    /// The same, without writing.
    pub(crate) const KERNEL_READONLY: Self = Self {
        readonly: true,
        ..Self::KERNEL
    };
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            (self.readonly, " ro"),
            (self.recursive_readonly, " rro"),
            (self.nosuid, " nosuid"),
            (self.nodev, " nodev"),
            (self.noexec, " noexec"),
        ];
        named
            .iter()
            .filter(|(set, _)| *set)
            .try_for_each(|(_, name)| f.write_str(name))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => f.write_str("begin a session"),
            Self::JoinCgroup => f.write_str("join the cgroup"),
            Self::OomScoreAdj(score) => write!(f, "set oom_score_adj to {score}"),
            Self::OpenFileLimit => f.write_str("set the limit of open files"),
            Self::CgroupNamespace => f.write_str("begin a cgroup namespace"),
            Self::NodeMounts => f.write_str("enter the node's mounts"),
            Self::OwnMounts => f.write_str("begin mounts of its own"),
            Self::Files(step) => step.fmt(f),
            Self::JoinContainer => f.write_str("enter the container's mounts"),
            Self::WorkingDirectory(at) => write!(f, "go to {at}"),
            Self::OpenTerminal => f.write_str("open a terminal"),
            Self::TakeStreams => f.write_str("take the standard streams"),
            Self::BoundCapabilities(_) => f.write_str("bound capabilities"),
            Self::NoNewPrivileges => f.write_str("renounce new privileges"),
            Self::FilterSystemCalls => f.write_str("filter system calls"),
            Self::Identity { .. } => f.write_str("become the user"),
            Self::KeepCapabilities(_) => f.write_str("give up other capabilities"),
        }
    }
}

impl fmt::Display for FileStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenInPod { source, .. } => write!(f, "open {} in the pod", source.display()),
            Self::OpenOnNode { source, .. } => write!(f, "open {} on the node", source.display()),
            Self::Overlay { layers, .. } => write!(f, "mount {} layers", layers.len()),
            Self::Filesystem {
                kind,
                at,
                attributes,
                ..
            } => {
                write!(f, "mount {kind} at {at}{attributes}")
            }
            Self::CopyDevices => f.write_str("copy the node's devices"),
            Self::Cgroups => f.write_str("mount the cgroups at /sys/fs/cgroup"),
            Self::Bind { at, attributes, .. } => write!(f, "bind {at}{attributes}"),
            Self::Symlink { at, to } => write!(f, "link {at} to {to}"),
            Self::Mask(at) => write!(f, "hide {at}"),
            Self::Readonly(at) => write!(f, "make {at} read-only"),
            Self::EnterRoot => f.write_str("enter the root"),
            Self::ReadonlyRoot => f.write_str("make the root read-only"),
        }
    }
}
