//! The conversation between an agent and a shim.
//!
//! One request per connection: a frame, with up to three descriptors beside it, answered by one
//! frame or, for what lasts, by several. A frame is its length in four bytes, high byte first,
//! then JSON. The request names its version: a shim serves those up to its own, so an agent that
//! is newer than a running shim must speak the shim's.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use gantry_kubelet::sandbox::{Exit, Sandbox, Usage};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::failure::StartFailure;
use crate::limits::{FRAME_BYTES, FRAME_FDS};
use crate::spec::ContainerSpec;

/// The version spoken here.
pub const PROTOCOL_VERSION: u32 = 1;

/// The socket of a shim, within its pod's directory.
pub const SOCKET: &str = "shim.sock";

/// A request with the version that it is made in.
#[derive(Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// The version.
    pub version: u32,
    /// The request; left as it is until the version is known to be understood.
    pub request: serde_json::Value,
}

/// What an agent asks of a shim. Containers go by their local names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// The state of all. Answered by [`Reply::Sandbox`].
    Inspect,
    /// A [`Reply::Changed`] now, and one after every change from then on.
    Watch,
    /// Make a container.
    Create(Box<ContainerSpec>),
    /// Run it.
    Start(String),
    /// Ask it to end and insist after a while. Answered by [`Reply::Exited`] when it has.
    Stop {
        /// The container.
        container: String,
        /// How long to wait.
        grace_ms: u64,
    },
    /// Forget it; refused while it runs.
    Remove(String),
    /// Run one more program. Answered by [`Reply::Started`], with a terminal if one was asked
    /// for, and then by [`Reply::Ended`]. Without a terminal the three standard streams come
    /// along. Closing the connection ends the program.
    Exec {
        /// The container.
        container: String,
        /// The program and its arguments.
        argv: Vec<String>,
        /// On a terminal.
        tty: bool,
        /// The terminal's first size.
        size: Option<TerminalSize>,
    },
    /// Copy output to the descriptors that come along, the last two, and input from the first
    /// one of three. Answered by [`Reply::Started`], and by [`Reply::Ended`] when it has ended.
    Attach(String),
    /// Change the size of a container's terminal.
    Resize {
        /// The container.
        container: String,
        /// The size.
        size: TerminalSize,
    },
    /// A socket of the pod's network on its way to a loopback port, with [`Reply::Done`].
    Connect {
        /// The port.
        port: u16,
        /// By the sixth version of the protocol.
        v6: bool,
    },
    /// What a container uses. Answered by [`Reply::Usage`].
    Usage(String),
    /// End all containers at once. Answered when they have ended.
    StopSandbox,
    /// End all and exit.
    Shutdown,
}

/// What a shim answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// It is done.
    Done,
    /// The state of all.
    Sandbox(Box<Sandbox>),
    /// Something changed.
    Changed,
    /// How a container ended.
    Exited(Exit),
    /// The program runs.
    Started,
    /// The program has ended with this code.
    Ended(i32),
    /// What a container uses.
    Usage(Usage),
    /// It was not done.
    Failed(Refusal),
}

/// Why a shim did not do what it was asked.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// There is no such container.
    #[error("find the container {0}")]
    NoSuchContainer(String),
    /// It does not run, and what was asked needs that.
    #[error("use the container {0}: it is not running")]
    NotRunning(String),
    /// A different container has that name.
    #[error("make the container {0}: another one has that name")]
    Taken(String),
    /// The sandbox was stopped.
    #[error("use the sandbox: it was stopped")]
    Stopped,
    /// The program could not be started.
    #[error("start the program: could not {0}")]
    Start(StartFailure),
    /// The agent is newer than this shim.
    #[error("understand a request of version {found}: this shim speaks {supported}")]
    Version {
        /// The request's version.
        found: u32,
        /// The shim's version.
        supported: u32,
    },
    /// Anything else.
    #[error("{what}: {why}")]
    Other {
        /// What was tried, completing "could not ...".
        what: String,
        /// What went wrong.
        why: String,
    },
}

/// The size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

impl From<TerminalSize> for rustix::termios::Winsize {
    fn from(size: TerminalSize) -> Self {
        Self {
            ws_row: size.rows,
            ws_col: size.columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        }
    }
}

/// A request as it goes over the wire.
pub fn encode_request(request: &Request) -> io::Result<Vec<u8>> {
    let request = serde_json::to_value(request)?;
    encode(&Envelope {
        version: PROTOCOL_VERSION,
        request,
    })
}

/// Anything as it goes over the wire.
pub fn encode<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len() - 4;
    let short = u32::try_from(length).ok().filter(|_| length <= FRAME_BYTES);
    let short = short.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
    frame[..4].copy_from_slice(&short.to_be_bytes());
    Ok(frame)
}

/// Takes the first frame off what has come in; none while it is incomplete.
pub fn decode<T: DeserializeOwned>(input: &mut Vec<u8>) -> io::Result<Option<T>> {
    let Some(head) = input.first_chunk::<4>() else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
    if length > FRAME_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let Some(body) = input.get(4..4 + length) else {
        return Ok(None);
    };
    let message = serde_json::from_slice(body)?;
    input.drain(..4 + length);
    Ok(Some(message))
}

/// Sends bytes, with descriptors beside the first of them; returns how many were taken.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FRAME_FDS))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !beside.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let flags = SendFlags::NOSIGNAL;
    Ok(sendmsg(socket, &[IoSlice::new(bytes)], &mut beside, flags)?)
}

/// Receives what has come, descriptors included; returns false at the end of the conversation.
pub fn receive(
    socket: BorrowedFd<'_>,
    input: &mut Vec<u8>,
    fds: &mut Vec<OwnedFd>,
) -> io::Result<bool> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FRAME_FDS))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let mut buffer = [0; 16 << 10];
    let mut slices = [IoSliceMut::new(&mut buffer)];
    let received = recvmsg(
        socket.as_fd(),
        &mut slices,
        &mut beside,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    input.extend_from_slice(&buffer[..received.bytes]);
    Ok(received.bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_taken_only_when_it_is_complete() {
        let frame = encode(&Reply::Ended(3)).unwrap();
        let mut input = frame[..frame.len() - 1].to_vec();
        assert!(decode::<Reply>(&mut input).unwrap().is_none());
        input.extend_from_slice(&frame[frame.len() - 1..]);
        input.extend_from_slice(b"next");
        assert!(matches!(decode(&mut input).unwrap(), Some(Reply::Ended(3))));
        assert_eq!(input, b"next");
    }

    #[test]
    fn an_oversized_frame_is_refused_before_it_is_read() {
        let mut input = u32::MAX.to_be_bytes().to_vec();
        assert!(decode::<Reply>(&mut input).is_err());
    }
}
