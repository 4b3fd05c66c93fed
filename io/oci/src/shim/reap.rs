//! Burying processes that have ended, and writing down how containers did.

use std::fs::File;
use std::io::{self, Read};

use gantry_kubelet::sandbox::{ContainerState, Exit, ExitReason};
use jiff::Timestamp;
use rustix::process::{Pid, WaitOptions, WaitStatus};

use super::Shim;
use super::container::{Container, Live};
use crate::failure::StartFailure;
use crate::limits::TERMINATION_MESSAGE_BYTES;
use crate::paths::ContainerPaths;
use crate::protocol::{Refusal, Reply};
use crate::records::{self, Durability};

/// The exit code of a container whose program could not be run.
const NOT_STARTED: i32 = 128;

/// How one process ended.
#[derive(Clone, Copy)]
struct Ending {
    code: i32,
    signal: Option<i32>,
}

impl Ending {
    fn of(status: WaitStatus) -> Self {
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Self { code, signal: None },
            (None, signal) => Self {
                code: 128 + signal.unwrap_or_default(),
                signal,
            },
        }
    }
}

impl Shim {
    /// Buries every child that has ended. Orphans of containers are among them.
    pub(super) fn reap(&mut self) -> io::Result<()> {
        let mut bytes = [0; 1024];
        let taken = rustix::io::read(&self.signals, &mut bytes);
        gantry_base::ignore(taken, "that there was a signal is all it says");
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => self.bury(pid, Ending::of(status)),
                Ok(None) | Err(rustix::io::Errno::CHILD) => return Ok(()),
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn bury(&mut self, pid: Pid, ending: Ending) {
        if self.end_session(pid.as_raw_nonzero().get(), ending.code) {
            return;
        }
        if self.pod.is_first_process(pid) {
            // With it the kernel ended everything that shared its ids.
            self.is_stopped = true;
        }
        let is_it = |c: &Container| c.live.as_ref().is_some_and(|live| live.pid == pid);
        let found = self
            .containers
            .iter()
            .find(|(_, c)| is_it(c))
            .map(|(name, _)| name.clone());
        if let Some(name) = found {
            self.hear_start(&name);
            self.end_container(&name, ending);
        }
    }

    /// Listens to a container that is starting; once its program runs, says so.
    pub(super) fn hear_start(&mut self, name: &str) {
        let Some(container) = self.containers.get_mut(name) else {
            return;
        };
        let Some(live) = &mut container.live else {
            return;
        };
        let Some(control) = &mut live.control else {
            return;
        };
        let heard = control.hear();
        if let Some(terminal) = heard.terminal {
            let ready = super::container::never_wait(&terminal);
            gantry_base::ignore(ready, "a descriptor that was just received can be changed");
            live.streams.terminal = Some(terminal);
        }
        live.failure = heard.failure.or(live.failure.take());
        if !heard.is_over {
            return;
        }
        live.control = None;
        if live.failure.is_some() {
            return;
        }
        let pid = live.pid.as_raw_nonzero().get().unsigned_abs();
        container.state = ContainerState::Running {
            started_at: live.started_at,
            pid,
        };
        let waiters = std::mem::take(&mut live.start_waiters);
        note(&container.paths, &container.state);
        for id in waiters {
            self.reply(id, &Reply::Done, None);
        }
        self.announce();
    }

    fn end_container(&mut self, name: &str, ending: Ending) {
        let Some(container) = self.containers.get_mut(name) else {
            return;
        };
        // Where process ids are shared, others may be left, which could go on writing for ever.
        container.kill();
        container.drain();
        let Some(live) = container.live.take() else {
            return;
        };
        let exit = exit(&live, &container.paths, ending);
        let busy = live.cgroup.end();
        gantry_base::ignore(busy, "the end of the pod removes what is still busy now");
        self.conclude(name, exit, live);
    }

    fn conclude(&mut self, name: &str, exit: Exit, live: Live) {
        self.record_exit(name, exit.clone());
        for id in self.listeners_of(name) {
            self.reply(id, &Reply::Ended(exit.code), None);
        }
        for id in live.stop_waiters {
            self.reply(id, &Reply::Exited(exit.clone()), None);
        }
        let failure = live.failure.unwrap_or_else(|| {
            StartFailure::new("run the program", "the new process was killed on its way")
        });
        for id in live.start_waiters {
            self.reply(id, &Reply::Failed(Refusal::Start(failure.clone())), None);
        }
    }

    /// Writes down how a container ended, before anybody is told.
    pub(super) fn record_exit(&mut self, name: &str, exit: Exit) {
        let Some(container) = self.containers.get_mut(name) else {
            return;
        };
        let written = records::write(&container.paths.exit(), &exit, Durability::Power);
        gantry_base::ignore(written, "with a full disk, this process still remembers it");
        container.state = ContainerState::Exited(exit);
        self.announce();
    }

    /// How a container ended that never had a process of its own.
    pub(super) fn not_started(failure: &StartFailure) -> Exit {
        Exit {
            code: NOT_STARTED,
            signal: None,
            oom_killed: false,
            started_at: None,
            finished_at: Timestamp::now(),
            message: failure.to_string(),
            reason: Some(ExitReason::StartError),
        }
    }
}

fn exit(live: &Live, paths: &ContainerPaths, ending: Ending) -> Exit {
    if let Some(failure) = &live.failure {
        return Shim::not_started(failure);
    }
    Exit {
        code: ending.code,
        signal: ending.signal,
        oom_killed: live.cgroup.oom_kills() > 0,
        started_at: Some(live.started_at),
        finished_at: Timestamp::now(),
        message: last_words(paths).unwrap_or_default(),
        reason: None,
    }
}

fn last_words(paths: &ContainerPaths) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(paths.termination())?
        .take(TERMINATION_MESSAGE_BYTES)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes down that a container runs, for whoever finds it without its shim.
fn note(paths: &ContainerPaths, state: &ContainerState) {
    let written = records::write(&paths.state(), state, Durability::Processes);
    gantry_base::ignore(written, "with a full disk, this process still remembers it");
}
