//! A connection that ends when something outside of it says so, whatever is spoken over it.
//!
//! It ends where bytes are read, so that streams, upgraded conversations and watches that go over it
//! end with it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use gantry_gateway::Pending;

/// A stream that may be told to end.
pub(crate) struct Mortal<S> {
    stream: S,
    /// Resolves when it is to end.
    end: Option<Pending<'static, ()>>,
    has_ended: bool,
}

impl<S> Mortal<S> {
    /// A stream that nothing ends yet.
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            end: None,
            has_ended: false,
        }
    }

    /// Ends the stream when `end` resolves.
    pub(crate) fn end_with(&mut self, end: Pending<'static, ()>) {
        self.end = Some(end);
    }

    /// Whether it is over; if not, the task is woken when it is.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let end = self.end.as_mut();
        if end.is_some_and(|end| end.as_mut().poll(cx).is_ready()) {
            self.end = None;
            self.has_ended = true;
        }
        self.has_ended
    }
}

fn over() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the client's certificate does not count any more",
    )
}

impl<S> fmt::Debug for Mortal<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mortal").finish_non_exhaustive()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Mortal<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(cx) {
            return Poll::Ready(Err(over()));
        }
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Mortal<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.has_ended {
            return Poll::Ready(Err(over()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.has_ended {
            return Poll::Ready(Err(over()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
