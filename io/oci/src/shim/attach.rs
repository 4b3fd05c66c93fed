//! Somebody who has joined a container's standard streams.
//!
//! Whoever does not read is cut off after a while; the container never waits for them.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;

use super::container::Container;
use super::{ConnectionId, Source};
use crate::limits::ATTACH_BYTES;
use crate::logs::Stream;

/// One who is attached.
pub(super) struct Attachment {
    pub(super) connection: ConnectionId,
    pub(super) stdin: Option<OwnedFd>,
    outputs: [Output; 2],
}

struct Output {
    fd: OwnedFd,
    waiting: VecDeque<u8>,
}

impl Attachment {
    pub(super) fn new(
        connection: ConnectionId,
        stdin: Option<OwnedFd>,
        outputs: [OwnedFd; 2],
    ) -> Self {
        let outputs = outputs.map(|fd| Output {
            fd,
            waiting: VecDeque::new(),
        });
        Self {
            connection,
            stdin,
            outputs,
        }
    }

    pub(super) fn sources<'a>(
        &'a self,
        name: &str,
        is_hungry: bool,
        all: &mut Vec<(Source, BorrowedFd<'a>, PollFlags)>,
    ) {
        if let (Some(fd), true) = (&self.stdin, is_hungry) {
            let source = Source::Typed(name.to_owned(), self.connection);
            all.push((source, fd.as_fd(), PollFlags::IN));
        }
        for output in self
            .outputs
            .iter()
            .filter(|output| !output.waiting.is_empty())
        {
            let source = Source::Reader(name.to_owned(), self.connection);
            all.push((source, output.fd.as_fd(), PollFlags::OUT));
        }
    }

    /// Shows output; returns whether to go on.
    pub(super) fn show(&mut self, stream: Stream, bytes: &[u8]) -> bool {
        let output = match stream {
            Stream::Stdout => &mut self.outputs[0],
            Stream::Stderr => &mut self.outputs[1],
        };
        output.waiting.extend(bytes);
        output.flush() && output.waiting.len() <= ATTACH_BYTES
    }

    fn flush(&mut self) -> bool {
        self.outputs.iter_mut().all(Output::flush)
    }

    /// After the container's end: returns whether there is still something to show.
    pub(super) fn linger(&mut self) -> bool {
        self.stdin = None;
        self.flush() && self.outputs.iter().any(|output| !output.waiting.is_empty())
    }
}

impl Output {
    fn flush(&mut self) -> bool {
        while !self.waiting.is_empty() {
            let (first, _) = self.waiting.as_slices();
            match rustix::io::write(&self.fd, first) {
                Ok(count) => drop(self.waiting.drain(..count)),
                Err(Errno::AGAIN) => return true,
                Err(_) => return false,
            }
        }
        true
    }
}

impl Container {
    /// Takes what somebody typed, and passes on as much as the container takes.
    pub(super) fn take_typed(&mut self, from: ConnectionId) {
        let Some(live) = &mut self.live else { return };
        let attached = self.attached.iter_mut().find(|a| a.connection == from);
        let Some(attachment) = attached else { return };
        let Some(fd) = &attachment.stdin else { return };
        let mut buffer = [0; 4 << 10];
        match rustix::io::read(fd, &mut buffer) {
            Err(Errno::AGAIN) => {}
            Ok(count) if count > 0 => {
                live.streams.typed.extend_from_slice(&buffer[..count]);
                live.streams.feed();
            }
            Ok(_) | Err(_) => {
                attachment.stdin = None;
                if self.spec.config.stdin_once {
                    live.streams.stdin = None;
                }
            }
        }
    }

    pub(super) fn feed_reader(&mut self, id: ConnectionId) {
        let is_over = self.live.is_none();
        self.attached
            .retain_mut(|a| a.connection != id || if is_over { a.linger() } else { a.flush() });
    }
}
