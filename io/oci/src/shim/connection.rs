//! One conversation with an agent. Nothing here waits: what cannot be sent now is kept.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::event::PollFlags;
use serde::Serialize;

use super::{ConnectionId, Shim};
use crate::protocol::{self, Reply};

/// A conversation, and what is still to be said in it.
pub(super) struct Connection {
    stream: UnixStream,
    pub(super) input: Vec<u8>,
    pub(super) fds: Vec<OwnedFd>,
    output: VecDeque<(Vec<u8>, Option<OwnedFd>)>,
    /// Wants to know of every change.
    pub(super) is_watching: bool,
    /// The other end has gone.
    is_closed: bool,
}

impl Connection {
    fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            input: Vec::new(),
            fds: Vec::new(),
            output: VecDeque::new(),
            is_watching: false,
            is_closed: false,
        })
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    pub(super) fn interest(&self) -> PollFlags {
        if self.output.is_empty() {
            PollFlags::IN
        } else {
            PollFlags::IN | PollFlags::OUT
        }
    }

    /// All has been said, or nobody is left to hear it.
    pub(super) fn is_idle(&self) -> bool {
        self.output.is_empty() || self.is_closed
    }

    fn say(&mut self, message: &impl Serialize, fd: Option<OwnedFd>) {
        match protocol::encode(message) {
            Ok(frame) => self.output.push_back((frame, fd)),
            Err(_) => self.is_closed = true,
        }
    }

    fn hear(&mut self) {
        let heard = protocol::receive(self.stream.as_fd(), &mut self.input, &mut self.fds);
        match heard {
            Ok(true) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Ok(false) | Err(_) => self.is_closed = true,
        }
    }

    fn flush(&mut self) {
        while let Some((bytes, fd)) = self.output.front_mut() {
            let fds: Vec<BorrowedFd<'_>> = fd.iter().map(AsFd::as_fd).collect();
            match protocol::send(self.stream.as_fd(), bytes, &fds) {
                Ok(sent) if sent == bytes.len() => {
                    self.output.pop_front();
                }
                Ok(sent) => {
                    bytes.drain(..sent);
                    *fd = None;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.is_closed = true;
                    return;
                }
            }
        }
    }
}

impl Shim {
    pub(super) fn accept(&mut self) {
        // A connection that fails while it is made is the agent's to repeat.
        if let Ok(connection) = self.listener.accept().and_then(|(s, _)| Connection::new(s)) {
            self.connections.insert(self.next_connection, connection);
            self.next_connection += 1;
        }
    }

    pub(super) fn converse(&mut self, id: ConnectionId, flags: PollFlags) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            connection.hear();
        }
        match protocol::decode(&mut connection.input) {
            Ok(Some(envelope)) => {
                let fds = std::mem::take(&mut connection.fds);
                self.serve(id, envelope, fds);
            }
            Ok(None) => {}
            Err(_) => connection.is_closed = true,
        }
    }

    /// Says something, at once if the other end can take it.
    pub(super) fn reply(&mut self, id: ConnectionId, reply: &Reply, fd: Option<OwnedFd>) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.say(reply, fd);
        }
    }

    /// Tells all who watch that something changed. One word waiting is as good as many.
    pub(super) fn announce(&mut self) {
        for connection in self.connections.values_mut() {
            if connection.is_watching && connection.output.is_empty() {
                connection.say(&Reply::Changed, None);
            }
        }
    }

    /// Sends what can be sent, and buries the conversations that have ended.
    pub(super) fn flush(&mut self) {
        for connection in self.connections.values_mut() {
            connection.flush();
        }
        let closed: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, c)| c.is_closed)
            .map(|(id, _)| *id)
            .collect();
        for id in closed {
            self.connections.remove(&id);
            self.abandon(id);
        }
    }
}
