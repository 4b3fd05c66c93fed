//! What a shim does when it is asked.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use gantry_kubelet::sandbox::{ContainerState, Exit, Sandbox, SandboxState};
use jiff::Timestamp;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use super::attach::Attachment;
use super::container::{Container, never_wait};
use super::namespaces::explain;
use super::session::Wanted;
use super::{ConnectionId, Shim, launch};
use crate::limits::GRACE_MAX;
use crate::protocol::{Envelope, PROTOCOL_VERSION, Refusal, Reply, Request, TerminalSize};
use crate::records::{self, Durability};
use crate::spec::ContainerSpec;
use crate::sys;

/// What is answered at once; nothing when the answer comes later.
type Answer = Result<Option<Reply>, Refusal>;

const DONE: Answer = Ok(Some(Reply::Done));

impl Shim {
    pub(super) fn serve(&mut self, id: ConnectionId, envelope: Envelope, fds: Vec<OwnedFd>) {
        match self.answer(id, envelope, fds) {
            Ok(Some(reply)) => self.reply(id, &reply, None),
            Ok(None) => {}
            Err(refusal) => self.reply(id, &Reply::Failed(refusal), None),
        }
    }

    fn answer(&mut self, id: ConnectionId, envelope: Envelope, fds: Vec<OwnedFd>) -> Answer {
        if envelope.version > PROTOCOL_VERSION {
            let (found, supported) = (envelope.version, PROTOCOL_VERSION);
            return Err(Refusal::Version { found, supported });
        }
        let request = serde_json::from_value(envelope.request)
            .map_err(|e| other("understand the request", &e))?;
        match request {
            Request::Inspect => Ok(Some(Reply::Sandbox(Box::new(self.observed())))),
            Request::Watch => self.watch(id),
            Request::Create(spec) => self.create(*spec),
            Request::Start(name) => self.start(id, &name),
            Request::Stop {
                container,
                grace_ms,
            } => self.stop(id, &container, Duration::from_millis(grace_ms)),
            Request::Remove(name) => self.remove(&name),
            Request::Exec {
                container,
                argv,
                tty,
                size,
            } => {
                let stdio = fds.try_into().ok();
                self.exec(
                    id,
                    Wanted {
                        container,
                        argv,
                        tty,
                        size,
                        stdio,
                    },
                )
                .map(|()| None)
            }
            Request::Attach(name) => self.attach(id, &name, fds),
            Request::Resize { container, size } => self.resize(&container, size),
            Request::Connect { port, v6 } => self.connect(id, port, v6),
            Request::Usage(name) => {
                let live = self.find(&name)?.live.as_ref();
                let live = live.ok_or(Refusal::NotRunning(name))?;
                Ok(Some(Reply::Usage(live.cgroup.usage())))
            }
            Request::StopSandbox => self.stop_all(id),
            Request::Shutdown => {
                self.is_leaving = true;
                self.stop_all(id)
            }
        }
    }

    fn find(&mut self, name: &str) -> Result<&mut Container, Refusal> {
        self.containers
            .get_mut(name)
            .ok_or_else(|| Refusal::NoSuchContainer(name.to_owned()))
    }

    fn observed(&self) -> Sandbox {
        let id = self.pod.record.config.id();
        let state = if self.is_stopped {
            SandboxState::NotReady
        } else {
            SandboxState::Ready
        };
        Sandbox {
            config: self.pod.record.config.clone(),
            state,
            created_at: self.pod.record.created_at,
            netns: self.pod.netns(),
            containers: self.containers.values().map(|c| c.observed(&id)).collect(),
            id,
        }
    }

    fn watch(&mut self, id: ConnectionId) -> Answer {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.is_watching = true;
        }
        Ok(Some(Reply::Changed))
    }

    fn create(&mut self, mut spec: ContainerSpec) -> Answer {
        if self.is_stopped {
            return Err(Refusal::Stopped);
        }
        let hostname = self.pod.record.config.hostname.clone();
        spec.env.entry("HOSTNAME".to_owned()).or_insert(hostname);
        let name = spec.config.id(self.pod.record.config.id()).local();
        match self.containers.get(&name) {
            Some(existing) if existing.spec == spec => return DONE,
            Some(_) => return Err(Refusal::Taken(name)),
            None => {}
        }
        let filters = launch::filters(&spec.config).map_err(Refusal::Start)?;
        let paths = self.pod.paths.container(&name);
        fs::create_dir_all(paths.directory())
            .map_err(|e| other("make the container's directory", &e))?;
        let created_at = Timestamp::now();
        records::write(&paths.spec(), &(&spec, created_at), Durability::Processes)
            .map_err(|e| other("make the container", &e))?;
        let state = ContainerState::Created;
        let attached = Vec::new();
        self.containers.insert(
            name,
            Container {
                spec,
                filters,
                paths,
                created_at,
                state,
                live: None,
                attached,
                listeners: Vec::new(),
            },
        );
        self.announce();
        DONE
    }

    fn start(&mut self, id: ConnectionId, name: &str) -> Answer {
        let is_stopped = self.is_stopped;
        let container = self.find(name)?;
        match (&container.state, &mut container.live) {
            (ContainerState::Exited(_), _) => return Err(Refusal::NotRunning(name.to_owned())),
            (ContainerState::Running { .. }, _) => return DONE,
            (ContainerState::Created, Some(live)) => {
                live.start_waiters.push(id);
                return Ok(None);
            }
            (ContainerState::Created, None) if is_stopped => return Err(Refusal::Stopped),
            (ContainerState::Created, None) => {}
        }
        match launch::launch(&self.pod, &self.containers[name]) {
            Ok(mut live) => {
                live.start_waiters.push(id);
                self.find(name)?.live = Some(live);
                Ok(None)
            }
            Err(failure) => {
                self.record_exit(name, Self::not_started(&failure));
                Err(Refusal::Start(failure))
            }
        }
    }

    fn stop(&mut self, id: ConnectionId, name: &str, grace: Duration) -> Answer {
        let container = self.find(name)?;
        let signal = container.spec.stop_signal;
        if let Some(live) = &mut container.live {
            live.stop_waiters.push(id);
            let deadline = Instant::now() + grace.min(GRACE_MAX);
            let is_first = live.deadline.is_none();
            live.deadline = Some(
                live.deadline
                    .map_or(deadline, |earlier| earlier.min(deadline)),
            );
            if is_first && !grace.is_zero() {
                let asked = sys::kill(live.pid.as_raw_nonzero().get(), signal);
                gantry_base::ignore(asked, "it may just have ended");
            }
            return Ok(None);
        }
        if let ContainerState::Exited(exit) = &container.state {
            return Ok(Some(Reply::Exited(exit.clone())));
        }
        let exit = never_ran();
        self.record_exit(name, exit.clone());
        Ok(Some(Reply::Exited(exit)))
    }

    fn remove(&mut self, name: &str) -> Answer {
        let Some(container) = self.containers.get(name) else {
            return DONE;
        };
        if container.is_live() {
            return Err(other("remove the container", &"it is running"));
        }
        let directory = container.paths.directory().to_owned();
        match fs::remove_dir_all(&directory) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(other("remove the container's directory", &e));
            }
            _ => {}
        }
        self.containers.remove(name);
        self.announce();
        DONE
    }

    fn attach(&mut self, id: ConnectionId, name: &str, mut fds: Vec<OwnedFd>) -> Answer {
        let container = self.find(name)?;
        if !container.is_live() {
            return Err(Refusal::NotRunning(name.to_owned()));
        }
        let stdin = if fds.len() > 2 {
            Some(fds.remove(0))
        } else {
            None
        };
        let outputs: [OwnedFd; 2] = fds
            .try_into()
            .map_err(|_| other("attach", &"the streams did not come along"))?;
        for fd in outputs.iter().chain(&stdin) {
            never_wait(fd).map_err(|e| other("attach", &e))?;
        }
        container.attached.push(Attachment::new(id, stdin, outputs));
        container.listeners.push(id);
        Ok(Some(Reply::Started))
    }

    /// Who is to be told of a container's end besides those who asked for it.
    pub(super) fn listeners_of(&self, name: &str) -> Vec<ConnectionId> {
        self.containers
            .get(name)
            .map(|c| c.listeners.clone())
            .unwrap_or_default()
    }

    fn resize(&mut self, name: &str, size: TerminalSize) -> Answer {
        let container = self.find(name)?;
        let terminal = container
            .live
            .as_ref()
            .and_then(|live| live.streams.terminal.as_ref());
        let terminal = terminal.ok_or_else(|| other("resize", &"there is no terminal"))?;
        rustix::termios::tcsetwinsize(terminal, size.into())
            .map_err(|e| other("resize the terminal", &e))?;
        DONE
    }

    /// The connection itself is the asker's to await: here it is only begun, inside the network.
    fn connect(&mut self, id: ConnectionId, port: u16, v6: bool) -> Answer {
        let (family, address) = if v6 {
            (
                AddressFamily::INET6,
                SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
            )
        } else {
            (
                AddressFamily::INET,
                SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            )
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let failed = |e: rustix::io::Errno| other(&format!("connect to {address}"), &e);
        let socket =
            rustix::net::socket_with(family, SocketType::STREAM, flags, None).map_err(failed)?;
        match rustix::net::connect(socket.as_fd(), &address) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(e) => return Err(failed(e)),
        }
        self.reply(id, &Reply::Done, Some(socket));
        Ok(None)
    }

    fn stop_all(&mut self, id: ConnectionId) -> Answer {
        self.is_stopped = true;
        for container in self.containers.values_mut() {
            container.kill();
        }
        for pid in self.sessions.keys() {
            gantry_base::ignore(sys::kill(*pid, libc::SIGKILL), "it may just have ended");
        }
        self.stop_waiters.push(id);
        self.announce();
        Ok(None)
    }
}

fn never_ran() -> Exit {
    Exit {
        code: 128 + libc::SIGKILL,
        signal: None,
        oom_killed: false,
        started_at: None,
        finished_at: Timestamp::now(),
        message: explain("start the container", "it was stopped before").to_string(),
        reason: None,
    }
}

fn other(what: &str, why: &dyn std::fmt::Display) -> Refusal {
    Refusal::Other {
        what: what.to_owned(),
        why: why.to_string(),
    }
}
