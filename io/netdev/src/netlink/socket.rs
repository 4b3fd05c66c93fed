//! A conversation with the kernel.
//!
//! Requests are carried out while they are sent, so every answer is waiting when sending returns;
//! no call here waits for anything but the kernel. A socket belongs to the network namespace of
//! the thread that opened it, for good: that is how another namespace is configured from here.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
    sockopt,
};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::message::Message;
use super::parse::{Answer, Received};

/// The largest piece of an answer that the kernel sends at once is 32 KiB; errors quote requests.
const RECEIVE_BYTES: usize = 128 * 1024;

/// An answer is there when a request has been sent; this only keeps a lost one from hanging us.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which part of the kernel a socket talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Links, addresses and routes.
    Route,
    /// The packet filter and connection tracking.
    Netfilter,
}

/// Why the kernel did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum NetlinkError {
    /// No socket could be had.
    #[error("open a netlink socket")]
    Open(#[source] io::Error),
    /// The request did not reach the kernel.
    #[error("send {bytes} bytes to the kernel")]
    Send {
        /// The size of the request.
        bytes: usize,
        /// Why not.
        source: io::Error,
    },
    /// The answer could not be read.
    #[error("read the kernel's answer")]
    Receive(#[source] io::Error),
    /// The kernel said no.
    #[error("carry out netlink request {number}")]
    Refused {
        /// The number of the message within its batch, from one.
        number: u32,
        /// What the kernel said.
        source: io::Error,
    },
}

impl NetlinkError {
    /// The kernel's error number, if it was the kernel that said no.
    pub(crate) fn errno(&self) -> Option<rustix::io::Errno> {
        match self {
            Self::Refused { source, .. } => rustix::io::Errno::from_io_error(source),
            Self::Open(_) | Self::Send { .. } | Self::Receive(_) => None,
        }
    }
}

/// An open netlink socket.
#[derive(Debug)]
pub(crate) struct Socket {
    fd: OwnedFd,
}

impl Socket {
    /// Opens a socket in this thread's network namespace.
    pub(crate) fn open(family: Family) -> Result<Self, NetlinkError> {
        let protocol = match family {
            Family::Route => None,
            Family::Netfilter => Some(netlink::NETFILTER),
        };
        let fd = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            protocol,
        )
        .map_err(|errno| NetlinkError::Open(errno.into()))?;
        sockopt::set_socket_timeout(&fd, sockopt::Timeout::Recv, Some(PATIENCE))
            .map_err(|errno| NetlinkError::Open(errno.into()))?;
        Ok(Self { fd })
    }

    /// Opens a socket in the network namespace that `namespace` refers to.
    ///
    /// A thread of its own enters the namespace and ends, so that no other thread is ever found
    /// in the wrong one.
    pub(crate) fn open_in(family: Family, namespace: impl AsFd) -> Result<Self, NetlinkError> {
        let namespace = namespace.as_fd();
        let enter_and_open = || {
            move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))
                .map_err(|errno| NetlinkError::Open(errno.into()))?;
            Self::open(family)
        };
        std::thread::scope(|scope| scope.spawn(enter_and_open).join())
            .expect("opening a socket does not panic")
    }

    /// Sends one request and waits until it has been carried out.
    pub(crate) fn request(&self, message: Message) -> Result<(), NetlinkError> {
        self.send(&message.finish(1))?;
        self.answers(|_| ())
    }

    /// Sends one request for a list and reads all of it.
    pub(crate) fn list<T>(
        &self,
        message: Message,
        mut read: impl FnMut(&Received<'_>) -> Option<T>,
    ) -> Result<Vec<T>, NetlinkError> {
        self.send(&message.finish(1))?;
        let mut found = Vec::new();
        self.answers(|received| found.extend(read(received)))?;
        Ok(found)
    }

    /// Sends a batch whose last message asks for an answer, and waits for that.
    pub(crate) fn batch(&self, bytes: &[u8]) -> Result<(), NetlinkError> {
        // The kernel takes a batch only as one piece, whatever its size.
        let room = bytes.len().saturating_mul(2).max(RECEIVE_BYTES);
        sockopt::set_socket_send_buffer_size_force(&self.fd, room)
            .map_err(|errno| NetlinkError::Open(errno.into()))?;
        self.send(bytes)?;
        self.answers(|_| ())
    }

    fn send(&self, bytes: &[u8]) -> Result<(), NetlinkError> {
        match retry_on_intr(|| send(&self.fd, bytes, SendFlags::empty())) {
            Ok(_) => Ok(()),
            Err(errno) => Err(NetlinkError::Send {
                bytes: bytes.len(),
                source: errno.into(),
            }),
        }
    }

    /// Reads until the kernel says that it has finished, or says no.
    fn answers(&self, mut content: impl FnMut(&Received<'_>)) -> Result<(), NetlinkError> {
        let mut buffer = vec![0; RECEIVE_BYTES];
        loop {
            let receive = || recv(&self.fd, buffer.as_mut_slice(), RecvFlags::empty());
            let (length, _) =
                retry_on_intr(receive).map_err(|errno| NetlinkError::Receive(errno.into()))?;
            for received in Received::all(&buffer[..length]) {
                match received.answer() {
                    Answer::Content => content(&received),
                    Answer::Finished => return Ok(()),
                    Answer::Failed(errno) => return Err(refused(&received, errno)),
                }
            }
        }
    }
}

fn refused(received: &Received<'_>, errno: i32) -> NetlinkError {
    let source = io::Error::from_raw_os_error(errno);
    NetlinkError::Refused {
        number: received.sequence,
        source,
    }
}
