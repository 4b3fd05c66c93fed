//! The life of a new process between the fork and its program: it carries out a plan on itself.
//!
//! Ordinary code, because the shim that was forked has one thread. What goes wrong is sent to the
//! shim over a socket that closes by itself when the program runs, so silence means success.

mod identity;
mod run;
mod terminal;

use std::convert::Infallible;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};
use serde::{Deserialize, Serialize};

use crate::cgroups::{Cgroup, Version};
use crate::failure::StartFailure;
use crate::limits::{OPEN_FILES, OPEN_FILES_MAX};
use crate::mounts::{self, Held};
use crate::plan::{Attributes, FileStep, Plan, Step};
use crate::protocol::TerminalSize;
use crate::seccomp::Filters;
use crate::{protocol, sys};

/// What the new process tells the shim.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Word {
    /// The terminal's other end comes along.
    Terminal,
    /// Something that does not matter enough to fail for.
    Note(String),
    /// It is over.
    Failed(StartFailure),
}

/// What a new process needs besides its plan.
#[derive(Debug)]
pub(crate) struct Launch {
    /// What to do, and what to become.
    pub(crate) plan: Plan,
    /// The group to join.
    pub(crate) cgroup: Cgroup,
    /// Born there, as far as that is possible.
    pub(crate) is_born_in_cgroup: bool,
    /// The filters to put on.
    pub(crate) filters: Filters,
    /// Standard input, output and errors; unused with a terminal.
    pub(crate) stdio: Option<[OwnedFd; 3]>,
    /// The first size of a terminal.
    pub(crate) size: Option<TerminalSize>,
    /// The mounts to enter: the node's for a container, the container's for a further program.
    pub(crate) mounts: OwnedFd,
    /// Where to tell what happens.
    pub(crate) control: OwnedFd,
}

/// Carries out a launch; returns the exit code when the program cannot be run.
pub(crate) fn main(launch: Launch) -> i32 {
    let mut process = Process {
        launch,
        root: None,
        held: Held::new(),
        home: None,
    };
    let Err(failure) = process.carry_out();
    let code = failure.kind.exit_code();
    process.tell(&Word::Failed(failure), &[]);
    code
}

/// A process on its way from shim to program.
struct Process {
    launch: Launch,
    root: Option<OwnedFd>,
    held: Held,
    home: Option<String>,
}

type Stepped = Result<(), StartFailure>;

impl Process {
    fn carry_out(&mut self) -> Result<Infallible, StartFailure> {
        sys::reset_signals();
        // Until its program runs, nobody may look into what is still a copy of the shim.
        let hidden = rustix::process::DumpableBehavior::NotDumpable;
        rustix::process::set_dumpable_behavior(hidden)
            .map_err(|e| StartFailure::new("hide the new process", e))?;
        for step in std::mem::take(&mut self.launch.plan.steps) {
            self.step(&step)?;
        }
        self.run()
    }

    fn step(&mut self, step: &Step) -> Stepped {
        let failed = |e: Errno| StartFailure::new(step, e);
        match step {
            Step::Session => rustix::process::setsid().map(drop).map_err(failed),
            Step::JoinCgroup => self.join_cgroup(),
            Step::OomScoreAdj(score) => {
                self.set_oom_score(*score);
                Ok(())
            }
            Step::OpenFileLimit => limit_open_files().map_err(failed),
            Step::CgroupNamespace => unshare(UnshareFlags::NEWCGROUP).map_err(failed),
            Step::NodeMounts | Step::JoinContainer => self.enter_mounts().map_err(failed),
            Step::OwnMounts => unshare(UnshareFlags::NEWNS)
                .and_then(|()| mounts::isolate())
                .map_err(failed),
            Step::WorkingDirectory(path) => go_to(path).map_err(failed),
            Step::OpenTerminal => self.open_terminal(),
            Step::TakeStreams => self.take_streams().map_err(failed),
            Step::BoundCapabilities(set) => crate::capabilities::bound(*set).map_err(failed),
            Step::NoNewPrivileges => rustix::thread::set_no_new_privs(true).map_err(failed),
            Step::FilterSystemCalls => self
                .launch
                .filters
                .apply()
                .map_err(|e| StartFailure::new(step, e)),
            Step::Identity {
                run_as,
                image_user,
                never_root,
            } => self.become_user(run_as, image_user, *never_root),
            Step::KeepCapabilities(set) => crate::capabilities::keep(*set).map_err(failed),
            Step::Files(file_step) => self.file_step(file_step).map_err(failed),
        }
    }

    fn file_step(&mut self, step: &FileStep) -> Result<(), Errno> {
        match step {
            FileStep::OpenInPod { source, at } | FileStep::OpenOnNode { source, at } => {
                let tree = mounts::hold(source)?;
                self.held.insert(at.clone(), tree);
                Ok(())
            }
            FileStep::Overlay { layers, scratch } => {
                self.root = Some(mounts::overlay(layers, scratch)?);
                Ok(())
            }
            FileStep::Filesystem {
                kind,
                at,
                options,
                attributes,
            } => mounts::filesystem(self.root()?, kind, at, options, *attributes),
            FileStep::CopyDevices => mounts::copy_devices(self.root()?),
            FileStep::Cgroups => self.mount_cgroups(),
            FileStep::Bind {
                at,
                attributes,
                propagation,
            } => {
                let tree = self.held.remove(at).ok_or(Errno::NOENT)?;
                mounts::bind(self.root()?, tree.as_fd(), at, *attributes, *propagation)
            }
            FileStep::Symlink { at, to } => crate::root::link(self.root()?, at, to),
            FileStep::Mask(at) => mounts::mask(self.root()?, at),
            FileStep::Readonly(at) => mounts::readonly(self.root()?, at),
            FileStep::EnterRoot => mounts::enter(self.root()?),
            FileStep::ReadonlyRoot => mounts::readonly_mount(self.root()?),
        }
    }

    fn root(&self) -> Result<BorrowedFd<'_>, Errno> {
        self.root.as_ref().map(AsFd::as_fd).ok_or(Errno::NOENT)
    }

    fn join_cgroup(&self) -> Stepped {
        let joined = self.launch.cgroup.join(self.launch.is_born_in_cgroup);
        joined.map_err(|e| StartFailure::new(&e, &e.source))
    }

    /// Fewer rights than usual, as in a machine within a machine, may forbid to lower the score.
    fn set_oom_score(&self, score: i32) {
        if let Err(e) = fs::write("/proc/self/oom_score_adj", score.to_string()) {
            self.tell(
                &Word::Note(format!("could not set oom_score_adj to {score}: {e}")),
                &[],
            );
        }
    }

    fn enter_mounts(&self) -> Result<(), Errno> {
        move_into_link_name_space(self.launch.mounts.as_fd(), Some(LinkNameSpaceType::Mount))
    }

    fn mount_cgroups(&self) -> Result<(), Errno> {
        const TOP: &str = "/sys/fs/cgroup";
        let root = self.root()?;
        let hierarchies = self.launch.cgroup.hierarchies();
        if hierarchies.only_unified().is_some() {
            return mounts::filesystem(root, "cgroup2", TOP, &[], Attributes::KERNEL_READONLY);
        }
        let options = [("mode", "755".to_owned())];
        mounts::filesystem(root, "tmpfs", TOP, &options, Attributes::KERNEL)?;
        for hierarchy in hierarchies.limiting() {
            let name = hierarchy
                .mount
                .file_name()
                .unwrap_or_default()
                .to_string_lossy();
            let at = format!("{TOP}/{name}");
            let attributes = Attributes::KERNEL_READONLY;
            match hierarchy.version {
                Version::Two => mounts::filesystem(root, "cgroup2", &at, &[], attributes)?,
                Version::One => {
                    mounts::cgroup_v1(root, &at, &hierarchy.controllers, attributes)?;
                }
            }
        }
        mounts::readonly_mount(crate::root::find(root, TOP)?.as_fd())
    }

    /// Says something to the shim. Should it be gone, there is nobody left to tell.
    fn tell(&self, word: &Word, fds: &[BorrowedFd<'_>]) {
        let Ok(frame) = protocol::encode(word) else {
            return;
        };
        let sent = protocol::send(self.launch.control.as_fd(), &frame, fds);
        gantry_base::ignore(sent, "without a shim nobody listens");
    }
}

fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    // Never the table of descriptors: what this file opened stays open.
    crate::sys::unshare(flags)
}

fn limit_open_files() -> Result<(), Errno> {
    let ceiling = rustix::process::getrlimit(Resource::Nofile)
        .maximum
        .unwrap_or(u64::MAX);
    let maximum = OPEN_FILES_MAX.min(ceiling);
    let limit = Rlimit {
        current: Some(OPEN_FILES.min(maximum)),
        maximum: Some(maximum),
    };
    rustix::process::setrlimit(Resource::Nofile, limit)
}

fn go_to(path: &str) -> Result<(), Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match rustix::fs::open(Path::new("/"), flags, Mode::empty()) {
        Ok(root) => {
            let kind = crate::root::Kind::Directory;
            rustix::process::fchdir(crate::root::ensure(root.as_fd(), path, kind)?)
        }
        Err(e) => Err(e),
    }
}
