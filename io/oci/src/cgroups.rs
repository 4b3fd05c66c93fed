//! One control group, in however many hierarchies the node has.
//!
//! The layout is `<root>/pod<uid>/<container>` and `<root>/pod<uid>/shim`, with a root of its own
//! for every cluster on a machine. Processes live in the leaves only, as the second version asks.

mod hierarchies;
mod limits;
mod usage;

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gantry_base::ignore;
use gantry_kubelet::sandbox::{Resources, SandboxId, Usage};
use rustix::process::{Pid, Signal, kill_process};
use thiserror::Error;

pub(crate) use hierarchies::{Hierarchy, Version};

pub use hierarchies::Hierarchies;

use crate::limits::{CGROUP_PATIENCE, CGROUP_RETRY};

/// A cgroup that could not be made, changed or removed.
#[derive(Debug, Error)]
#[error("{verb} the cgroup {path}")]
pub struct CgroupError {
    /// What was tried.
    pub verb: &'static str,
    /// The directory or file.
    pub path: PathBuf,
    /// What the kernel said.
    pub source: io::Error,
}

/// A group of processes with common limits.
#[derive(Clone, Debug)]
pub struct Cgroup {
    hierarchies: Hierarchies,
    path: PathBuf,
}

impl Cgroup {
    /// The group at a path below the top; it need not exist.
    pub fn new(hierarchies: Hierarchies, path: impl Into<PathBuf>) -> Self {
        Self {
            hierarchies,
            path: path.into(),
        }
    }

    /// The group of one pod, below a cluster's.
    #[must_use]
    pub fn of_pod(&self, id: &SandboxId) -> Self {
        self.child(&format!("pod{id}"))
    }

    /// A group inside this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        Self {
            hierarchies: self.hierarchies.clone(),
            path: self.path.join(name),
        }
    }

    /// Makes it, and those above it, in the hierarchies that limit.
    pub fn create(&self) -> Result<(), CgroupError> {
        self.hierarchies
            .limiting()
            .try_for_each(|hierarchy| self.create_in(hierarchy))
    }

    fn create_in(&self, hierarchy: &Hierarchy) -> Result<(), CgroupError> {
        // Usually all but the last one exist.
        let directory = self.directory(hierarchy);
        if let Some(parent) = directory.parent() {
            enable_controllers(hierarchy, parent);
        }
        match fs::create_dir(&directory) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => self.create_all_in(hierarchy),
            made => made_or_there(made, directory),
        }
    }

    fn create_all_in(&self, hierarchy: &Hierarchy) -> Result<(), CgroupError> {
        let mut directory = hierarchy.mount.clone();
        for part in &self.path {
            enable_controllers(hierarchy, &directory);
            directory.push(part);
            made_or_there(fs::create_dir(&directory), directory.clone())?;
        }
        Ok(())
    }

    /// Sets its limits.
    pub fn limit(&self, resources: &Resources) -> Result<(), CgroupError> {
        for controller in limits::needed(resources) {
            if !self.hierarchies.limiting().any(|h| h.has(controller)) {
                let path = self.path.join(controller);
                let source = io::Error::new(io::ErrorKind::Unsupported, "no such controller");
                return Err(CgroupError {
                    verb: "limit",
                    path,
                    source,
                });
            }
        }
        for hierarchy in self.hierarchies.limiting() {
            let directory = self.directory(hierarchy);
            for setting in limits::settings(hierarchy, resources) {
                let path = directory.join(setting.file);
                match fs::write(&path, &setting.value) {
                    Err(e) if e.kind() == io::ErrorKind::NotFound && setting.optional => {}
                    Err(source) => {
                        return Err(CgroupError {
                            verb: "limit",
                            path,
                            source,
                        });
                    }
                    Ok(()) => {}
                }
            }
        }
        Ok(())
    }

    /// Makes it in every hierarchy that service managers look at, so that whoever is born there has
    /// left the service that started it, and does not end with it.
    pub(crate) fn create_everywhere(&self) -> Result<(), CgroupError> {
        self.hierarchies
            .all()
            .try_for_each(|hierarchy| self.create_in(hierarchy))
    }

    /// Moves this process, which must have one thread, into it wherever it exists. A process that
    /// was born in its [`Cgroup::birthplace`] is there already.
    pub(crate) fn join(&self, is_born_there: bool) -> Result<(), CgroupError> {
        let all = self.hierarchies.all();
        let existing = all.filter(|hierarchy| self.directory(hierarchy).exists());
        for hierarchy in existing.filter(|h| !is_born_there || h.version == Version::One) {
            // To move a process, the kernel stops all forks and waits for every processor. To move
            // one's own thread takes nothing of the kind, and is the same for who has only one.
            let file = match hierarchy.version {
                Version::One => "tasks",
                Version::Two => "cgroup.procs",
            };
            let path = self.directory(hierarchy).join(file);
            fs::write(&path, "0").map_err(|source| CgroupError {
                verb: "join",
                path,
                source,
            })?;
        }
        Ok(())
    }

    /// Where a process can be born into the group, as far as that is possible.
    pub(crate) fn birthplace(&self) -> Option<OwnedFd> {
        let unified = self.hierarchies.all().find(|h| h.version == Version::Two)?;
        File::open(self.directory(unified)).ok().map(OwnedFd::from)
    }

    /// Kills everything in it and below.
    pub fn kill(&self) {
        for hierarchy in self.hierarchies.all() {
            let directory = self.directory(hierarchy);
            if fs::write(directory.join("cgroup.kill"), "1").is_ok() {
                continue;
            }
            for pid in processes(&directory) {
                ignore(
                    kill_process(pid, Signal::KILL),
                    "it may have ended by itself just now",
                );
            }
        }
    }

    /// Kills what is in it, and removes it and all below.
    pub fn end(&self) -> Result<(), CgroupError> {
        let deadline = Instant::now() + CGROUP_PATIENCE;
        loop {
            match self.try_remove() {
                Err(e) if Instant::now() < deadline && is_busy(&e.source) => {
                    self.kill();
                    std::thread::sleep(CGROUP_RETRY);
                }
                done => return done,
            }
        }
    }

    fn try_remove(&self) -> Result<(), CgroupError> {
        self.hierarchies
            .all()
            .try_for_each(|hierarchy| remove_tree(&self.directory(hierarchy)))
    }

    /// Whether it has processes, itself or below.
    pub fn is_populated(&self) -> bool {
        self.hierarchies
            .all()
            .any(|h| !processes(&self.directory(h)).is_empty())
    }

    /// How many processes in it were killed for want of memory so far.
    pub(crate) fn oom_kills(&self) -> u64 {
        self.hierarchies
            .limiting()
            .map(|h| usage::oom_kills(h, &self.directory(h)))
            .sum()
    }

    /// What its processes use.
    pub fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        for hierarchy in self.hierarchies.limiting() {
            usage::read(hierarchy, &self.directory(hierarchy), &mut usage);
        }
        usage
    }

    pub(crate) fn hierarchies(&self) -> &Hierarchies {
        &self.hierarchies
    }

    fn directory(&self, hierarchy: &Hierarchy) -> PathBuf {
        hierarchy.mount.join(&self.path)
    }
}

fn made_or_there(made: io::Result<()>, path: PathBuf) -> Result<(), CgroupError> {
    match made {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => Err(CgroupError {
            verb: "make",
            path,
            source,
        }),
        _ => Ok(()),
    }
}

/// In the second version a group has the controllers that the one above passes on.
fn enable_controllers(hierarchy: &Hierarchy, directory: &Path) {
    let wanted = ["cpu", "memory", "pids"]
        .into_iter()
        .filter(|name| hierarchy.has(name));
    if hierarchy.version == Version::Two {
        for controller in wanted {
            let file = directory.join("cgroup.subtree_control");
            let enabled = fs::write(file, format!("+{controller}"));
            ignore(enabled, "a limit that misses its controller says so itself");
        }
    }
}

fn is_busy(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ResourceBusy
}

fn processes(directory: &Path) -> Vec<Pid> {
    let own = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    let mut found: Vec<Pid> = own
        .lines()
        .filter_map(|line| line.parse().ok())
        .filter_map(Pid::from_raw)
        .collect();
    found.extend(
        children(directory)
            .iter()
            .flat_map(|child| processes(child)),
    );
    found
}

fn children(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let directories = entries
        .flatten()
        .filter(|e| e.file_type().is_ok_and(|kind| kind.is_dir()));
    directories.map(|entry| entry.path()).collect()
}

fn remove_tree(directory: &Path) -> Result<(), CgroupError> {
    children(directory)
        .iter()
        .try_for_each(|child| remove_tree(child))?;
    match fs::remove_dir(directory) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(CgroupError {
            verb: "remove",
            path: directory.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}
