//! One small single-threaded process per pod, which outlives the agent.
//!
//! It holds the pod's namespaces, is the parent of all its processes, copies their output to logs
//! and records how they end. It decides nothing: it does not restart, and it forgets a container
//! only when told. One thread and one loop, so that a fork may run ordinary code.

mod attach;
mod connection;
mod container;
mod launch;
mod namespaces;
mod reap;
mod serve;
mod session;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::limits::CONNECTIONS;
use crate::logs::Stream;
use crate::protocol::Reply;
use crate::sys;
use connection::Connection;
use container::Container;
use namespaces::{Birth, Pod};
use session::Session;

/// Runs a shim for the pod whose directory is given, with its listening socket as standard input.
///
/// To be called before the process has a second thread. Never returns.
pub fn main(directory: PathBuf) -> ! {
    let told = |e: io::Error| {
        let told = io::Write::write_all(&mut io::stderr(), e.to_string().as_bytes());
        gantry_base::ignore(told, "standard error was the only place left to say it");
        1
    };
    let born = Birth::prepare(directory).and_then(|birth| {
        birth.fork(|birth| {
            let serve = |asked: UnixListener| {
                let shim = asked.try_clone().and_then(|own| Shim::set_up(birth, own));
                let ended = shim.and_then(|mut shim| shim.run());
                let code = ended.map_or_else(told, |()| 0);
                // Whoever asks takes a closed socket for the end: the reason is told before.
                drop(asked);
                code
            };
            listener().map_or_else(told, serve)
        })
    });
    std::process::exit(born.map_or_else(told, |_| 0))
}

/// The socket that the shim was given as its standard input.
fn listener() -> io::Result<UnixListener> {
    let listener = UnixListener::from(rustix::stdio::stdin().try_clone_to_owned()?);
    listener.set_nonblocking(true)?;
    let null = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(listener)
}

/// The name of a connection among all that there have been.
type ConnectionId = u64;

struct Shim {
    pod: Pod,
    listener: UnixListener,
    signals: OwnedFd,
    containers: BTreeMap<String, Container>,
    sessions: BTreeMap<i32, Session>,
    connections: BTreeMap<ConnectionId, Connection>,
    next_connection: ConnectionId,
    /// Nothing starts any more.
    is_stopped: bool,
    /// Whoever waits for all to have ended.
    stop_waiters: Vec<ConnectionId>,
    /// Exit as soon as all has ended and been said.
    is_leaving: bool,
}

/// Something that the loop waits for.
#[derive(Clone, Debug)]
enum Source {
    Listener,
    Signals,
    Connection(ConnectionId),
    /// A new process on its way to its program.
    Start(String),
    StartSession(i32),
    Output(String, Stream),
    /// The container's input can take more.
    Input(String),
    /// Somebody attached has typed.
    Typed(String, ConnectionId),
    /// Somebody attached can read more.
    Reader(String, ConnectionId),
}

impl Shim {
    fn set_up(birth: Birth, listener: UnixListener) -> io::Result<Self> {
        let pod = Pod::set_up(birth)?;
        let ending = [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP];
        let signals = sys::signal_fd(&ending)?;
        Ok(Self {
            pod,
            listener,
            signals,
            containers: BTreeMap::new(),
            sessions: BTreeMap::new(),
            connections: BTreeMap::new(),
            next_connection: 0,
            is_stopped: false,
            stop_waiters: Vec::new(),
            is_leaving: false,
        })
    }

    fn run(&mut self) -> io::Result<()> {
        while !self.is_over() {
            for (source, flags) in self.wait()? {
                self.handle(source, flags)?;
            }
            self.insist();
            self.answer_stopped();
            self.flush();
        }
        self.pod.end();
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.is_leaving && !self.is_running() && self.connections.values().all(Connection::is_idle)
    }

    fn is_running(&self) -> bool {
        self.containers.values().any(Container::is_live) || !self.sessions.is_empty()
    }

    fn wait(&self) -> io::Result<Vec<(Source, PollFlags)>> {
        let sources = self.sources();
        let mut fds: Vec<PollFd<'_>> = sources
            .iter()
            .map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
            .collect();
        match poll(&mut fds, self.timeout().as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let answered = sources
            .iter()
            .zip(&fds)
            .filter(|(_, fd)| !fd.revents().is_empty());
        Ok(answered
            .map(|((source, _, _), fd)| (source.clone(), fd.revents()))
            .collect())
    }

    fn sources(&self) -> Vec<(Source, BorrowedFd<'_>, PollFlags)> {
        let mut all = vec![(Source::Signals, self.signals.as_fd(), PollFlags::IN)];
        if self.connections.len() < CONNECTIONS {
            all.push((Source::Listener, self.listener.as_fd(), PollFlags::IN));
        }
        for (id, connection) in &self.connections {
            all.push((
                Source::Connection(*id),
                connection.as_fd(),
                connection.interest(),
            ));
        }
        for (pid, session) in &self.sessions {
            if let Some(control) = session.control() {
                all.push((Source::StartSession(*pid), control, PollFlags::IN));
            }
        }
        for (name, container) in &self.containers {
            container.sources(name, &mut all);
        }
        all
    }

    fn timeout(&self) -> Option<Timespec> {
        let next = self
            .containers
            .values()
            .filter_map(Container::deadline)
            .min()?;
        let left = next.saturating_duration_since(Instant::now());
        Timespec::try_from(left).ok()
    }

    fn handle(&mut self, source: Source, flags: PollFlags) -> io::Result<()> {
        match source {
            Source::Listener => self.accept(),
            Source::Signals => return self.reap(),
            Source::Connection(id) => self.converse(id, flags),
            Source::Start(name) => self.hear_start(&name),
            Source::StartSession(pid) => self.hear_session(pid),
            Source::Output(name, stream) => self.container(&name, |c| {
                c.copy_output(stream);
            }),
            Source::Input(name) => self.container(&name, Container::feed),
            Source::Typed(name, id) => self.container(&name, |c| c.take_typed(id)),
            Source::Reader(name, id) => self.container(&name, |c| c.feed_reader(id)),
        }
        Ok(())
    }

    fn container(&mut self, name: &str, act: impl FnOnce(&mut Container)) {
        if let Some(container) = self.containers.get_mut(name) {
            act(container);
        }
    }

    /// Kills what was asked politely and had its time.
    fn insist(&mut self) {
        let now = Instant::now();
        for container in self.containers.values_mut() {
            if container.deadline().is_some_and(|deadline| deadline <= now) {
                container.kill();
            }
        }
    }

    fn answer_stopped(&mut self) {
        if !self.stop_waiters.is_empty() && !self.is_running() {
            for id in std::mem::take(&mut self.stop_waiters) {
                self.reply(id, &Reply::Done, None);
            }
        }
    }
}
