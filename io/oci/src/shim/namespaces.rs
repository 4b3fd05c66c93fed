//! What a pod's containers share: namespaces, a few files, and a cgroup above theirs.
//!
//! The shim itself lives in the namespaces, which is what keeps them. None of them is pinned
//! anywhere, so nothing is left of them when the last process has gone.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use gantry_kubelet::sandbox::SandboxConfig;
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Pid, WaitOptions};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use crate::cgroups::{Cgroup, Hierarchies};
use crate::paths::{PodPaths, SandboxRecord};
use crate::plan::Attributes;
use crate::{mounts, records, sys};

/// `CLONE_NEWPID`.
pub(super) const NEW_PROCESS_IDS: u64 = 0x2000_0000;

/// A pod as its shim holds it.
pub(super) struct Pod {
    pub(super) paths: PodPaths,
    pub(super) record: SandboxRecord,
    pub(super) cgroup: Cgroup,
    /// The node's mounts.
    pub(super) node_mounts: OwnedFd,
    /// The shim's own process ids.
    own_ids: OwnedFd,
    /// The process ids that all containers share, when they do, and their first process.
    shared_ids: Option<(OwnedFd, Pid)>,
}

/// A shim that is about to be born into the cgroups of its pod, away from whoever started it.
pub(super) struct Birth {
    paths: PodPaths,
    record: SandboxRecord,
    pod: Cgroup,
    shim: Cgroup,
    is_born_there: bool,
}

impl Birth {
    pub(super) fn prepare(directory: PathBuf) -> io::Result<Self> {
        let paths = PodPaths::new(directory);
        let record: Option<SandboxRecord> =
            records::read(&paths.record()).map_err(|e| io::Error::other(gantry_base::chain(&e)))?;
        let record = record.ok_or_else(|| explain("find the record of the sandbox", "none"))?;
        let hierarchies = Hierarchies::discover()?;
        let pod = Cgroup::new(hierarchies, &record.cgroup_root).of_pod(&record.config.id());
        let shim = pod.child("shim");
        let made = pod
            .create()
            .and_then(|()| pod.limit(&record.config.resources))
            .and_then(|()| shim.create_everywhere());
        made.map_err(|e| explain(&e.to_string(), &e.source))?;
        Ok(Self {
            paths,
            record,
            pod,
            shim,
            is_born_there: false,
        })
    }

    /// Goes on in a process that was born there; this one has nothing left to do.
    pub(super) fn fork(self, go_on: impl FnOnce(Self) -> i32) -> io::Result<Pid> {
        let birthplace = self.shim.birthplace();
        let is_born_there = birthplace.is_some();
        let child = move || {
            go_on(Self {
                is_born_there,
                ..self
            })
        };
        sys::fork(0, birthplace.as_ref().map(AsFd::as_fd), child)
    }
}

impl Pod {
    pub(super) fn set_up(birth: Birth) -> io::Result<Self> {
        let Birth {
            paths,
            record,
            pod: cgroup,
            shim,
            is_born_there,
        } = birth;
        rustix::process::setsid()?;
        rustix::process::chdir("/")?;
        shim.join(is_born_there)
            .map_err(|e| explain(&e.to_string(), &e.source))?;
        let score = fs::write("/proc/self/oom_score_adj", "-998");
        gantry_base::ignore(score, "nested machines forbid it, and the pod runs without");
        let node_mounts = File::open("/proc/self/ns/mnt")?.into();
        let own_ids = File::open("/proc/self/ns/pid")?.into();
        sys::unshare(own_namespaces(&record.config))?;
        mounts::isolate()?;
        write_files(&paths, &record.config)?;
        configure(&paths, &record.config)?;
        let shared_ids = share_ids(&record.config)?;
        Ok(Self {
            paths,
            record,
            cgroup,
            node_mounts,
            own_ids,
            shared_ids,
        })
    }

    /// The file that stands for the pod's network.
    pub(super) fn netns(&self) -> Option<PathBuf> {
        let own = rustix::process::getpid().as_raw_nonzero();
        (!self.record.config.host_network).then(|| PathBuf::from(format!("/proc/{own}/ns/net")))
    }

    /// The first process of the shared ids, which is no container.
    pub(super) fn is_first_process(&self, pid: Pid) -> bool {
        self.shared_ids
            .as_ref()
            .is_some_and(|(_, first)| *first == pid)
    }

    /// Ends the first process of the shared ids, after which no other can begin.
    pub(super) fn end(&self) {
        if let Some((_, first)) = &self.shared_ids {
            let killed = sys::kill(first.as_raw_nonzero().get(), libc::SIGKILL);
            gantry_base::ignore(killed, "it may have ended before");
            let buried = rustix::process::waitpid(Some(*first), WaitOptions::empty());
            gantry_base::ignore(buried, "it may have been buried before");
        }
    }

    /// The namespaces that a new container needs besides the pod's.
    pub(super) fn container_namespaces(&self) -> u64 {
        let has_own_ids = !self.record.config.host_pid && self.shared_ids.is_none();
        if has_own_ids { NEW_PROCESS_IDS } else { 0 }
    }

    /// Runs something while new processes would be born among the ids given, or the shared ones.
    pub(super) fn among<T>(
        &self,
        ids: Option<&OwnedFd>,
        act: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(ids) = ids.or(self.shared_ids.as_ref().map(|(ids, _)| ids)) else {
            return act();
        };
        move_into_link_name_space(ids.as_fd(), Some(LinkNameSpaceType::ProcessID))?;
        let outcome = act();
        move_into_link_name_space(self.own_ids.as_fd(), Some(LinkNameSpaceType::ProcessID))?;
        outcome
    }
}

fn own_namespaces(config: &SandboxConfig) -> UnshareFlags {
    let mut flags = UnshareFlags::NEWNS;
    if !config.host_network {
        flags |= UnshareFlags::NEWNET | UnshareFlags::NEWUTS;
    }
    if !config.host_ipc {
        flags |= UnshareFlags::NEWIPC;
    }
    flags
}

fn write_files(paths: &PodPaths, config: &SandboxConfig) -> io::Result<()> {
    fs::create_dir_all(paths.containers())?;
    fs::write(paths.hosts(), &config.hosts)?;
    fs::write(paths.hostname(), format!("{}\n", config.hostname))?;
    fs::write(paths.resolv_conf(), &config.resolv_conf)
}

fn configure(paths: &PodPaths, config: &SandboxConfig) -> io::Result<()> {
    if !config.host_ipc {
        fs::create_dir_all(paths.shm())?;
        let root = File::open(paths.shm())?;
        let options = [("mode", "1777".to_owned()), ("size", "64m".to_owned())];
        mounts::filesystem(root.as_fd(), "tmpfs", "/", &options, Attributes::KERNEL)
            .map_err(|e| explain("mount the pod's shared memory", e))?;
    }
    if !config.host_network {
        rustix::system::sethostname(config.hostname.as_bytes())
            .map_err(|e| explain("set the host name", e))?;
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
        sys::raise_loopback(socket.as_fd()).map_err(|e| explain("raise the loopback link", e))?;
    }
    for (name, value) in &config.sysctls {
        if !is_own_setting(name, config) {
            return Err(explain(
                &format!("set {name}"),
                "it would change the whole node",
            ));
        }
        let path = Path::new("/proc/sys").join(name.replace('.', "/"));
        fs::write(path, value).map_err(|e| explain(&format!("set {name} to {value:?}"), e))?;
    }
    Ok(())
}

/// Whether a kernel setting belongs to the pod's namespaces rather than to the node.
fn is_own_setting(name: &str, config: &SandboxConfig) -> bool {
    const OF_IPC: [&str; 4] = ["kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue."];
    let is_of_ipc = OF_IPC.iter().any(|prefix| name.starts_with(prefix));
    let is_of_net = name.starts_with("net.");
    (is_of_ipc && !config.host_ipc) || (is_of_net && !config.host_network)
}

/// Shared process ids need a first process that stays as long as the pod and buries the orphans.
fn share_ids(config: &SandboxConfig) -> io::Result<Option<(OwnedFd, Pid)>> {
    if !config.share_process_namespace || config.host_pid {
        return Ok(None);
    }
    let first = sys::fork(NEW_PROCESS_IDS, None, bury_forever)?;
    let ids = File::open(format!("/proc/{}/ns/pid", first.as_raw_nonzero()))?;
    Ok(Some((ids.into(), first)))
}

fn bury_forever() -> i32 {
    sys::reset_signals();
    let Ok(signals) = sys::signal_fd(&[libc::SIGCHLD, libc::SIGTERM, libc::SIGINT]) else {
        return 1;
    };
    let mut bytes = [0; 128];
    loop {
        let mut waiting = [rustix::event::PollFd::new(
            &signals,
            rustix::event::PollFlags::IN,
        )];
        let woken = rustix::event::poll(&mut waiting, None);
        gantry_base::ignore(woken, "an interruption is as good a reason to look");
        let taken = rustix::io::read(&signals, &mut bytes);
        gantry_base::ignore(taken, "only that a signal came matters");
        while let Ok(Some(_)) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {}
    }
}

pub(super) fn explain(what: &str, why: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("{what}: {why}"))
}
