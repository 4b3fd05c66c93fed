//! One more program in a container that runs. It lives as long as its conversation, at most.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::container::Control;
use super::{ConnectionId, Shim, launch};
use crate::failure::StartFailure;
use crate::init::{self, Launch};
use crate::protocol::{Refusal, Reply, TerminalSize};
use crate::{plan, sys};

/// A program started by `exec`.
pub(super) struct Session {
    pub(super) connection: ConnectionId,
    control: Option<Control>,
    terminal: Option<OwnedFd>,
    failure: Option<StartFailure>,
}

/// What was asked for.
pub(super) struct Wanted {
    pub(super) container: String,
    pub(super) argv: Vec<String>,
    pub(super) tty: bool,
    pub(super) size: Option<TerminalSize>,
    pub(super) stdio: Option<[OwnedFd; 3]>,
}

impl Session {
    pub(super) fn control(&self) -> Option<BorrowedFd<'_>> {
        self.control.as_ref().map(|control| control.fd.as_fd())
    }
}

impl Shim {
    /// Forks the program. The conversation hears more once it runs.
    pub(super) fn exec(&mut self, id: ConnectionId, wanted: Wanted) -> Result<(), Refusal> {
        let name = wanted.container.clone();
        let container = self
            .containers
            .get(&name)
            .ok_or(Refusal::NoSuchContainer(name.clone()))?;
        let live = container
            .live
            .as_ref()
            .filter(|live| live.control.is_none());
        let live = live.ok_or(Refusal::NotRunning(name))?;
        let plan = plan::exec(&container.spec, wanted.argv, wanted.tty)
            .map_err(|e| StartFailure::new("grant capabilities", e))
            .map_err(Refusal::Start)?;
        let failed = |e: io::Error| Refusal::Start(StartFailure::new("enter the container", e));
        let namespace = |kind: &str| -> io::Result<OwnedFd> {
            let path = format!("/proc/{}/ns/{kind}", live.pid.as_raw_nonzero());
            Ok(File::open(path)?.into())
        };
        let (control, other_end) = launch::control().map_err(failed)?;
        let birthplace = live.cgroup.birthplace();
        let launch = Launch {
            plan,
            cgroup: live.cgroup.clone(),
            is_born_in_cgroup: birthplace.is_some(),
            filters: container.filters.clone(),
            stdio: wanted.stdio,
            size: wanted.size,
            mounts: namespace("mnt").map_err(failed)?,
            control: other_end,
        };
        let ids = namespace("pid").map_err(failed)?;
        let born_in = birthplace.as_ref().map(AsFd::as_fd);
        let pid = self
            .pod
            .among(Some(&ids), || sys::fork(0, born_in, || init::main(launch)))
            .map_err(failed)?;
        let control = Some(control);
        let session = Session {
            connection: id,
            control,
            terminal: None,
            failure: None,
        };
        self.sessions.insert(pid.as_raw_nonzero().get(), session);
        Ok(())
    }

    /// Listens to a program that is starting; once it runs, says so.
    pub(super) fn hear_session(&mut self, pid: i32) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        let Some(control) = &mut session.control else {
            return;
        };
        let heard = control.hear();
        session.terminal = heard.terminal.or(session.terminal.take());
        session.failure = heard.failure.or(session.failure.take());
        if !heard.is_over {
            return;
        }
        session.control = None;
        let (id, terminal) = (session.connection, session.terminal.take());
        match session.failure.clone() {
            Some(failure) => self.reply(id, &Reply::Failed(Refusal::Start(failure)), None),
            None => self.reply(id, &Reply::Started, terminal),
        }
    }

    /// Buries a program that has ended; returns whether there was such.
    pub(super) fn end_session(&mut self, pid: i32, code: i32) -> bool {
        self.hear_session(pid);
        let Some(session) = self.sessions.remove(&pid) else {
            return false;
        };
        if session.failure.is_none() {
            self.reply(session.connection, &Reply::Ended(code), None);
        }
        true
    }

    /// Ends what lives only for a conversation that is over.
    pub(super) fn abandon(&mut self, id: ConnectionId) {
        for (pid, _) in self
            .sessions
            .iter()
            .filter(|(_, session)| session.connection == id)
        {
            // Its session is its own, so the group is all that it started and did not detach.
            for whom in [-pid, *pid] {
                gantry_base::ignore(sys::kill(whom, libc::SIGKILL), "it may just have ended");
            }
        }
        for container in self.containers.values_mut() {
            container
                .attached
                .retain(|attachment| attachment.connection != id);
            container.listeners.retain(|listener| *listener != id);
        }
    }
}
