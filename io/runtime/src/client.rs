//! An agent's side of a conversation with a shim.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use gantry_oci::paths::PodPaths;
use gantry_oci::protocol::{self, Reply, Request, SOCKET};
use rustix::fs::{Mode, OFlags};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// One request and its answers. Dropping it ends what lives only for it.
#[derive(Debug)]
pub(crate) struct Conversation {
    stream: UnixStream,
    input: Vec<u8>,
    fds: Vec<OwnedFd>,
}

/// What can be told apart about a conversation that did not come about.
#[derive(Debug)]
pub(crate) enum Unheard {
    /// Nobody listens: there is no shim, or no longer.
    Gone,
    /// Anything else.
    Io(io::Error),
}

impl From<io::Error> for Unheard {
    fn from(e: io::Error) -> Self {
        let is_gone = matches!(
            e.kind(),
            io::ErrorKind::NotFound
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::NotADirectory
        );
        if is_gone { Self::Gone } else { Self::Io(e) }
    }
}

impl Conversation {
    /// Asks something, handing over descriptors.
    pub(crate) async fn open(
        paths: &PodPaths,
        request: &Request,
        fds: &[BorrowedFd<'_>],
    ) -> Result<Self, Unheard> {
        let stream = connect(paths).await?;
        let mut conversation = Self {
            stream,
            input: Vec::new(),
            fds: Vec::new(),
        };
        let frame = protocol::encode_request(request)?;
        conversation.send(&frame, fds).await?;
        Ok(conversation)
    }

    /// Asks something that needs no descriptors and has one answer.
    pub(crate) async fn ask(paths: &PodPaths, request: &Request) -> Result<Reply, Unheard> {
        Self::open(paths, request, &[]).await?.next().await
    }

    async fn send(&mut self, frame: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut sent = 0;
        while sent < frame.len() {
            self.stream.writable().await?;
            let beside = if sent == 0 { fds } else { &[] };
            let outcome = self.stream.try_io(Interest::WRITABLE, || {
                protocol::send(self.stream.as_fd(), &frame[sent..], beside)
            });
            match outcome {
                Ok(count) => sent += count,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// The next answer. Cancelling loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Reply, Unheard> {
        loop {
            if let Some(reply) = protocol::decode(&mut self.input)? {
                return Ok(reply);
            }
            self.stream.readable().await?;
            let (stream, input, fds) = (&self.stream, &mut self.input, &mut self.fds);
            let heard = stream.try_io(Interest::READABLE, || {
                protocol::receive(stream.as_fd(), input, fds)
            });
            match heard {
                Ok(true) => {}
                Ok(false) => return Err(Unheard::Gone),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// A descriptor that came with an answer.
    pub(crate) fn take_fd(&mut self) -> Option<OwnedFd> {
        self.fds.pop()
    }
}

/// Socket addresses are short; the way through a descriptor of the directory always fits.
async fn connect(paths: &PodPaths) -> io::Result<UnixStream> {
    let directory = open_directory(paths)?;
    UnixStream::connect(format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd())).await
}

/// A descriptor to reach a pod's socket by.
pub(crate) fn open_directory(paths: &PodPaths) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(paths.directory(), flags, Mode::empty())?)
}
