//! Conversations with programs: exec, attach, and connections into a pod's network.

use std::future::Future;
use std::io::{self, PipeReader, PipeWriter, pipe};
use std::net::TcpStream as StdTcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use futures_util::future::BoxFuture;
use gantry_kubelet::sandbox::{ContainerId, SandboxId};
use gantry_oci::protocol::{Reply, Request, TerminalSize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;

use super::Inner;
use super::pods::unreachable;
use crate::client::{Conversation, Unheard};
use crate::error::RuntimeError;
use crate::runtime::{Attach, Duplex, Exec};
use crate::streams::Streams;
use crate::terminal::Terminal;

/// Sizes of a terminal on their way; more than one is only ever there while a window is dragged.
const RESIZES: usize = 4;

/// Both ends of the standard streams: ours, and those that go to the program.
struct Pipes {
    stdin: Option<(PipeReader, PipeWriter)>,
    stdout: (PipeReader, PipeWriter),
    stderr: (PipeReader, PipeWriter),
}

impl Pipes {
    fn new(stdin: bool) -> io::Result<Self> {
        let stdin = if stdin { Some(pipe()?) } else { None };
        Ok(Self {
            stdin,
            stdout: pipe()?,
            stderr: pipe()?,
        })
    }

    /// Keeps our ends, and closes the program's here.
    fn into_streams(
        self,
        exit: BoxFuture<'static, Result<i32, RuntimeError>>,
    ) -> io::Result<Streams> {
        let reader = |(ours, _theirs): (PipeReader, PipeWriter)| {
            pipe::Receiver::from_owned_fd(OwnedFd::from(ours))
                .map(|pipe| Box::new(pipe) as Box<dyn AsyncRead + Send + Unpin>)
        };
        let writer = |(_theirs, ours): (PipeReader, PipeWriter)| {
            pipe::Sender::from_owned_fd(OwnedFd::from(ours))
                .map(|pipe| Box::new(pipe) as Box<dyn AsyncWrite + Send + Unpin>)
        };
        Ok(Streams {
            stdin: self.stdin.map(writer).transpose()?,
            stdout: Some(reader(self.stdout)?),
            stderr: Some(reader(self.stderr)?),
            resize: None,
            exit,
        })
    }
}

impl Inner {
    pub(super) async fn exec(&self, id: ContainerId, asked: Exec) -> Result<Streams, RuntimeError> {
        let request = Request::Exec {
            container: id.local(),
            argv: asked.argv,
            tty: asked.tty,
            size: asked.size,
        };
        if asked.tty {
            return self.exec_on_terminal(id, request, asked.stdin).await;
        }
        let failed = |source| self.failed(&id, source);
        let pipes = Pipes::new(asked.stdin).map_err(failed)?;
        let null = std::fs::File::open("/dev/null").map_err(failed)?;
        let input = pipes
            .stdin
            .as_ref()
            .map_or(null.as_fd(), |(theirs, _)| theirs.as_fd());
        let fds = [input, pipes.stdout.1.as_fd(), pipes.stderr.1.as_fd()];
        let conversation = self.begin(&id, &request, &fds).await?;
        pipes
            .into_streams(ended(conversation, id.clone()))
            .map_err(failed)
    }

    async fn exec_on_terminal(
        &self,
        id: ContainerId,
        request: Request,
        stdin: bool,
    ) -> Result<Streams, RuntimeError> {
        let mut conversation = self.begin(&id, &request, &[]).await?;
        let fd = conversation.take_fd();
        let fd = fd.ok_or_else(|| RuntimeError::ShimGone(id.sandbox.clone()))?;
        let terminal = Terminal::new(fd).map_err(|source| self.failed(&id, source))?;
        let resized = terminal.clone();
        let resize = self.on_resize(move |size| {
            let outcome = resized.resize(size);
            async move { gantry_base::ignore(outcome, "the program has just ended") }
        });
        Ok(Streams {
            stdin: stdin.then(|| Box::new(terminal.clone()) as Box<dyn AsyncWrite + Send + Unpin>),
            stdout: Some(Box::new(terminal)),
            stderr: None,
            resize: Some(resize),
            exit: ended(conversation, id),
        })
    }

    pub(super) async fn attach(
        &self,
        id: ContainerId,
        asked: Attach,
    ) -> Result<Streams, RuntimeError> {
        let config = self.find(&id).await?.config;
        let failed = |source| self.failed(&id, source);
        let pipes = Pipes::new(asked.stdin && config.stdin).map_err(failed)?;
        let input = pipes.stdin.as_ref().map(|(theirs, _)| theirs.as_fd());
        let outputs = [pipes.stdout.1.as_fd(), pipes.stderr.1.as_fd()];
        let fds: Vec<BorrowedFd<'_>> = input.into_iter().chain(outputs).collect();
        let conversation = self.begin(&id, &Request::Attach(id.local()), &fds).await?;
        drop(fds);
        let exit = ended(conversation, id.clone());
        let mut streams = pipes.into_streams(exit).map_err(failed)?;
        if config.tty {
            streams.stderr = None;
            streams.resize = Some(self.resize_of(id, asked.size));
        }
        Ok(streams)
    }

    fn resize_of(
        &self,
        id: ContainerId,
        first: Option<TerminalSize>,
    ) -> mpsc::Sender<TerminalSize> {
        let paths = self.paths(&id.sandbox);
        let sender = self.on_resize(move |size| {
            let (paths, container) = (paths.clone(), id.local());
            async move {
                let asked = Conversation::ask(&paths, &Request::Resize { container, size }).await;
                drop(asked);
            }
        });
        if let Some(size) = first {
            gantry_base::ignore(
                sender.try_send(size),
                "the channel was made just now, and empty",
            );
        }
        sender
    }

    /// Passes on sizes until nobody can send any more. A sender waits while the channel is full.
    fn on_resize<F, Done>(&self, mut act: F) -> mpsc::Sender<TerminalSize>
    where
        F: FnMut(TerminalSize) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send,
    {
        let (sender, mut sizes) = mpsc::channel(RESIZES);
        self.spawn(async move {
            while let Some(size) = sizes.recv().await {
                act(size).await;
            }
        });
        sender
    }

    pub(super) async fn port_forward(
        &self,
        id: SandboxId,
        port: u16,
    ) -> Result<Box<dyn Duplex>, RuntimeError> {
        match self.connect(&id, port, false).await {
            Ok(stream) => Ok(Box::new(stream)),
            // Who listens on the sixth version only is asked next; if nobody does, the first
            // refusal is what most people look for.
            Err(first) => match self.connect(&id, port, true).await {
                Ok(stream) => Ok(Box::new(stream)),
                Err(_) => Err(first),
            },
        }
    }

    async fn connect(
        &self,
        id: &SandboxId,
        port: u16,
        v6: bool,
    ) -> Result<TcpStream, RuntimeError> {
        let paths = self.paths(id);
        let gone = || RuntimeError::ShimGone(id.clone());
        let failed = |source| RuntimeError::Io {
            what: "connect to the port",
            path: port.to_string().into(),
            source,
        };
        let unheard = |e| match e {
            Unheard::Gone => gone(),
            Unheard::Io(source) => unreachable(&paths, source),
        };
        let request = Request::Connect { port, v6 };
        let mut conversation = Conversation::open(&paths, &request, &[])
            .await
            .map_err(unheard)?;
        if let Reply::Failed(refusal) = conversation.next().await.map_err(unheard)? {
            return Err(RuntimeError::Refused(refusal));
        }
        let stream = StdTcpStream::from(conversation.take_fd().ok_or_else(gone)?);
        let stream = TcpStream::from_std(stream).map_err(failed)?;
        stream.writable().await.map_err(failed)?;
        match stream.take_error().map_err(failed)? {
            Some(refused) => Err(failed(refused)),
            None => Ok(stream),
        }
    }

    /// Begins a conversation that lasts as long as a program.
    async fn begin(
        &self,
        id: &ContainerId,
        request: &Request,
        fds: &[BorrowedFd<'_>],
    ) -> Result<Conversation, RuntimeError> {
        let paths = self.paths(&id.sandbox);
        let unheard = |e| match e {
            Unheard::Gone => RuntimeError::ShimGone(id.sandbox.clone()),
            Unheard::Io(source) => unreachable(&paths, source),
        };
        let mut conversation = Conversation::open(&paths, request, fds)
            .await
            .map_err(unheard)?;
        if let Reply::Failed(refusal) = conversation.next().await.map_err(unheard)? {
            return Err(RuntimeError::refused(refusal, id));
        }
        Ok(conversation)
    }

    fn failed(&self, id: &ContainerId, source: io::Error) -> RuntimeError {
        unreachable(&self.paths(&id.sandbox), source)
    }
}

fn ended(
    mut conversation: Conversation,
    id: ContainerId,
) -> BoxFuture<'static, Result<i32, RuntimeError>> {
    Box::pin(async move {
        match conversation.next().await {
            Ok(Reply::Ended(code)) => Ok(code),
            Ok(Reply::Failed(refusal)) => Err(RuntimeError::refused(refusal, &id)),
            Ok(_) | Err(_) => Err(RuntimeError::ShimGone(id.sandbox)),
        }
    })
}
