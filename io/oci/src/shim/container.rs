//! One container as its shim knows it: what it shall be, how far it is, and its streams.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use gantry_kubelet::sandbox::{self, ContainerState, SandboxId};
use jiff::Timestamp;
use rustix::event::PollFlags;
use rustix::process::Pid;

use super::attach::Attachment;
use super::{ConnectionId, Source};
use crate::cgroups::Cgroup;
use crate::failure::StartFailure;
use crate::logs::{Log, Stream};
use crate::paths::ContainerPaths;
use crate::seccomp::Filters;
use crate::spec::ContainerSpec;
use crate::sys;

/// A container, whether it runs or not.
pub(super) struct Container {
    pub(super) spec: ContainerSpec,
    /// What all of its programs are put under.
    pub(super) filters: Filters,
    pub(super) paths: ContainerPaths,
    pub(super) created_at: Timestamp,
    pub(super) state: ContainerState,
    pub(super) live: Option<Live>,
    /// Who has joined its streams; some may still be reading when it has ended.
    pub(super) attached: Vec<Attachment>,
    /// Who is to be told of its end besides those who asked for it.
    pub(super) listeners: Vec<ConnectionId>,
}

/// What there is only while a container has a process.
pub(super) struct Live {
    pub(super) pid: Pid,
    pub(super) cgroup: Cgroup,
    pub(super) started_at: Timestamp,
    /// Open until the program runs.
    pub(super) control: Option<Control>,
    pub(super) failure: Option<StartFailure>,
    pub(super) streams: Streams,
    pub(super) log: Log,
    /// When to stop asking and kill it.
    pub(super) deadline: Option<Instant>,
    pub(super) start_waiters: Vec<ConnectionId>,
    pub(super) stop_waiters: Vec<ConnectionId>,
}

/// The line to a new process that has not become its program yet.
pub(super) struct Control {
    pub(super) fd: OwnedFd,
    pub(super) input: Vec<u8>,
    pub(super) fds: Vec<OwnedFd>,
}

/// The shim's ends of a container's standard streams.
#[derive(Default)]
pub(super) struct Streams {
    pub(super) stdin: Option<OwnedFd>,
    /// Input that the container has not taken yet.
    pub(super) typed: Vec<u8>,
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
    /// All three, when there is a terminal.
    pub(super) terminal: Option<OwnedFd>,
}

impl Streams {
    pub(super) fn output(&self, stream: Stream) -> Option<&OwnedFd> {
        match stream {
            Stream::Stdout => self.terminal.as_ref().or(self.stdout.as_ref()),
            Stream::Stderr => self.stderr.as_ref(),
        }
    }

    pub(super) fn input(&self) -> Option<&OwnedFd> {
        self.terminal.as_ref().or(self.stdin.as_ref())
    }

    fn close(&mut self, stream: Stream) {
        match stream {
            Stream::Stdout => (self.stdout, self.terminal) = (None, None),
            Stream::Stderr => self.stderr = None,
        }
    }
}

/// Bytes moved at a time.
const CHUNK: usize = 16 << 10;

impl Container {
    pub(super) fn is_live(&self) -> bool {
        self.live.is_some()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.live.as_ref().and_then(|live| live.deadline)
    }

    /// Kills all of its processes; how it ended is known once they are reaped.
    pub(super) fn kill(&mut self) {
        if let Some(live) = &mut self.live {
            live.deadline = None;
            let killed = sys::kill(live.pid.as_raw_nonzero().get(), libc::SIGKILL);
            gantry_base::ignore(killed, "it may just have ended");
            live.cgroup.kill();
        }
    }

    /// The container as it is told to others.
    pub(super) fn observed(&self, sandbox: &SandboxId) -> sandbox::Container {
        sandbox::Container {
            id: self.spec.config.id(sandbox.clone()),
            config: self.spec.config.clone(),
            created_at: self.created_at,
            state: self.state.clone(),
        }
    }

    pub(super) fn sources<'a>(
        &'a self,
        name: &str,
        all: &mut Vec<(Source, BorrowedFd<'a>, PollFlags)>,
    ) {
        let is_hungry = self
            .live
            .as_ref()
            .is_some_and(|live| live.streams.typed.is_empty());
        for attachment in &self.attached {
            attachment.sources(name, is_hungry, all);
        }
        let Some(live) = &self.live else { return };
        if let Some(control) = &live.control {
            all.push((
                Source::Start(name.to_owned()),
                control.fd.as_fd(),
                PollFlags::IN,
            ));
        }
        for stream in [Stream::Stdout, Stream::Stderr] {
            if let Some(fd) = live.streams.output(stream) {
                all.push((
                    Source::Output(name.to_owned(), stream),
                    fd.as_fd(),
                    PollFlags::IN,
                ));
            }
        }
        match live.streams.input() {
            Some(fd) if !live.streams.typed.is_empty() => {
                all.push((Source::Input(name.to_owned()), fd.as_fd(), PollFlags::OUT));
            }
            _ => {}
        }
    }

    /// Copies what has been written to one stream; returns whether there may be more.
    pub(super) fn copy_output(&mut self, stream: Stream) -> bool {
        let Some(live) = &mut self.live else {
            return false;
        };
        let Some(fd) = live.streams.output(stream) else {
            return false;
        };
        let mut buffer = [0; CHUNK];
        match rustix::io::read(fd, &mut buffer) {
            Ok(count) if count > 0 => {
                let output = &buffer[..count];
                live.log.write(Timestamp::now(), stream, output);
                self.attached
                    .retain_mut(|attachment| attachment.show(stream, output));
                true
            }
            Err(rustix::io::Errno::AGAIN) => false,
            // A terminal whose other side has no holder left reads as an input/output error.
            Ok(_) | Err(_) => {
                live.streams.close(stream);
                false
            }
        }
    }

    /// Takes what its processes wrote before they ended, and lets go of those who have read it.
    pub(super) fn drain(&mut self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            while self.copy_output(stream) {}
        }
        if let Some(live) = &mut self.live {
            live.log.finish(Timestamp::now());
        }
        self.attached.retain_mut(Attachment::linger);
    }

    /// Passes on what was typed and could not be taken before.
    pub(super) fn feed(&mut self) {
        if let Some(live) = &mut self.live {
            live.streams.feed();
        }
    }
}

impl Streams {
    pub(super) fn feed(&mut self) {
        let Some(fd) = self.input() else {
            return self.typed.clear();
        };
        match rustix::io::write(fd, &self.typed) {
            Ok(count) => drop(self.typed.drain(..count)),
            Err(rustix::io::Errno::AGAIN) => {}
            Err(_) => {
                self.typed.clear();
                self.stdin = None;
            }
        }
    }
}

/// Makes a descriptor answer at once.
pub(super) fn never_wait(fd: &OwnedFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)? | rustix::fs::OFlags::NONBLOCK;
    Ok(rustix::fs::fcntl_setfl(fd, flags)?)
}
