//! Writes of one HTTP/2 connection that are made together go out together.
//!
//! HTTP/2 hands over every frame by itself and asks for it to be sent at once. Done so, each would be
//! a TLS record and a system call of its own, which cost more than most answers. Here frames wait
//! until everything else that is ready to run has run; what was said meanwhile goes with them.
//!
//! Invariant: nothing waits while the connection's task sleeps, but for a client that does not read.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::limits::{JOINED_BYTES, WHOLE_BYTES};

/// A stream whose writes wait to be joined; a [`Flushing`] sends them.
pub(crate) struct Coalescing<S> {
    outflow: Arc<Mutex<Outflow<S>>>,
}

/// Drives a connection over a [`Coalescing`] stream, and sends what it wrote.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Flushing<C, S, T> {
    connection: Pin<Box<C>>,
    /// How the connection ended, until the last byte is sent.
    ended: Option<T>,
    outflow: Arc<Mutex<Outflow<S>>>,
}

/// What is on its way out. Locked by one task only, so that nobody ever waits.
struct Outflow<S> {
    stream: S,
    waiting: Vec<u8>,
    /// How much of what is waiting the stream has taken.
    taken: usize,
    /// Whether the stream may still hold bytes that it has taken.
    is_unsent: bool,
    /// Whether everything else was given a turn since the first byte began to wait.
    has_rested: bool,
}

impl<S> fmt::Debug for Coalescing<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coalescing").finish_non_exhaustive()
    }
}

impl<C, S, T> fmt::Debug for Flushing<C, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flushing").finish_non_exhaustive()
    }
}

/// Makes a connection over `stream` whose writes are joined.
pub(crate) fn coalesced<S, C: Future>(
    stream: S,
    connect: impl FnOnce(Coalescing<S>) -> C,
) -> Flushing<C, S, C::Output> {
    let outflow = Arc::new(Mutex::new(Outflow {
        stream,
        waiting: Vec::new(),
        taken: 0,
        is_unsent: false,
        has_rested: false,
    }));
    let stream = Coalescing {
        outflow: Arc::clone(&outflow),
    };
    Flushing {
        connection: Box::pin(connect(stream)),
        ended: None,
        outflow,
    }
}

impl<C, S, T> Flushing<C, S, T> {
    /// The connection itself.
    pub(crate) fn connection(&mut self) -> Pin<&mut C> {
        self.connection.as_mut()
    }
}

impl<C, S, E> Future for Flushing<C, S, Result<(), E>>
where
    C: Future<Output = Result<(), E>>,
    S: AsyncWrite + Unpin,
    E: From<io::Error> + Unpin,
{
    type Output = Result<(), E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.ended.is_none()
            && let Poll::Ready(ended) = this.connection.as_mut().poll(cx)
        {
            this.ended = Some(ended);
        }
        let mut outflow = lock(&this.outflow);
        if let Some(Err(error)) = this.ended.take_if(|ended| ended.is_err()) {
            // Its last words go out if there is room for them: a client that vanished reads nothing.
            if let Poll::Ready(sent) = outflow.send(cx) {
                gantry_base::ignore(sent, "the connection has failed already");
            }
            return Poll::Ready(Err(error));
        }
        if this.ended.is_none() && outflow.rests() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(outflow.send(cx))?;
        this.ended.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl<S> Outflow<S> {
    /// Whether this is the moment to let everything else have its turn.
    fn rests(&mut self) -> bool {
        let rests = !self.has_rested && (1..JOINED_BYTES).contains(&self.waiting.len());
        self.has_rested = rests;
        rests
    }
}

impl<S: AsyncWrite + Unpin> Outflow<S> {
    /// Hands everything that waits to the stream.
    fn hand_over(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.taken < self.waiting.len() {
            let rest = &self.waiting[self.taken..];
            let taken = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.taken += taken;
            self.is_unsent = true;
        }
        self.taken = 0;
        // An idle connection keeps no room.
        self.waiting = Vec::new();
        Poll::Ready(Ok(()))
    }

    /// Sends everything.
    fn send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.hand_over(cx))?;
        if self.is_unsent {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.is_unsent = false;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Coalescing<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.outflow).stream).poll_read(cx, room)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Coalescing<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut outflow = lock(&self.outflow);
        let bytes = parts.iter().map(|part| part.len()).sum::<usize>();
        if outflow.waiting.len() + bytes > JOINED_BYTES || bytes >= WHOLE_BYTES {
            ready!(outflow.hand_over(cx))?;
        }
        if bytes >= WHOLE_BYTES {
            // It goes out as it is, without being copied.
            outflow.is_unsent = true;
            return Pin::new(&mut outflow.stream).poll_write_vectored(cx, parts);
        }
        parts
            .iter()
            .for_each(|part| outflow.waiting.extend_from_slice(part));
        Poll::Ready(Ok(bytes))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut outflow = lock(&self.outflow);
        ready!(outflow.send(cx))?;
        Pin::new(&mut outflow.stream).poll_shutdown(cx)
    }
}

fn lock<S>(outflow: &Mutex<Outflow<S>>) -> MutexGuard<'_, Outflow<S>> {
    outflow.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::task::noop_waker;
    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    /// Takes everything, and knows in how many pieces it came.
    #[derive(Debug, Default)]
    struct Counted {
        pieces: Vec<usize>,
        flushed: usize,
    }

    impl AsyncWrite for Counted {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.pieces.push(bytes.len());
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.flushed += 1;
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&noop_waker()))
    }

    /// Writes a frame of each length at each time it is polled, and ends after the last.
    fn frames<S: AsyncWrite + Unpin>(
        mut stream: Coalescing<S>,
        turns: Vec<Vec<usize>>,
    ) -> impl Future<Output = io::Result<()>> {
        let mut turns = turns.into_iter();
        poll_fn(move |cx| {
            let Some(lengths) = turns.next() else {
                return Poll::Ready(Ok(()));
            };
            for length in lengths {
                let frame = vec![0; length];
                let written = ready!(Pin::new(&mut stream).poll_write(cx, &frame))?;
                assert_eq!(written, length);
                ready!(Pin::new(&mut stream).poll_flush(cx))?;
            }
            Poll::Pending
        })
    }

    #[test]
    fn what_is_written_in_turns_that_follow_each_other_goes_out_together() {
        let turns = vec![vec![100, 200], vec![300], vec![], vec![400]];
        let mut connection = coalesced(Counted::default(), |stream| frames(stream, turns));
        assert!(poll(&mut connection).is_pending());
        assert!(lock(&connection.outflow).stream.pieces.is_empty());
        assert!(poll(&mut connection).is_pending());
        assert_eq!(lock(&connection.outflow).stream.pieces, [600]);
        assert!(poll(&mut connection).is_pending());
        assert_eq!(lock(&connection.outflow).stream.flushed, 1);
        assert!(poll(&mut connection).is_pending());
        assert!(matches!(poll(&mut connection), Poll::Ready(Ok(()))));
        assert_eq!(lock(&connection.outflow).stream.pieces, [600, 400]);
        assert_eq!(lock(&connection.outflow).stream.flushed, 2);
    }

    #[test]
    fn what_is_large_is_not_joined_and_overtakes_nothing() {
        let turns = vec![vec![100, WHOLE_BYTES, 50]];
        let mut connection = coalesced(Counted::default(), |stream| frames(stream, turns));
        assert!(poll(&mut connection).is_pending());
        assert_eq!(lock(&connection.outflow).stream.pieces, [100, WHOLE_BYTES]);
        assert!(matches!(poll(&mut connection), Poll::Ready(Ok(()))));
        let pieces = lock(&connection.outflow).stream.pieces.clone();
        assert_eq!(pieces, [100, WHOLE_BYTES, 50]);
    }

    #[test]
    fn a_connection_that_failed_does_not_wait_for_who_reads_nothing() {
        let (near, _far) = duplex(64);
        let failing = |mut stream: Coalescing<DuplexStream>| async move {
            stream.write_all(&[7; 1000]).await?;
            io::Result::Err(io::ErrorKind::TimedOut.into())
        };
        let mut connection = coalesced(near, failing);
        assert!(matches!(poll(&mut connection), Poll::Ready(Err(_))));
    }

    #[tokio::test]
    async fn a_connection_ends_only_when_all_is_sent() {
        let (near, mut far) = duplex(64);
        let last_words = |mut stream: Coalescing<DuplexStream>| async move {
            stream.write_all(&[7; 1000]).await?;
            io::Result::Ok(())
        };
        let mut connection = coalesced(near, last_words);
        assert!(
            poll(&mut connection).is_pending(),
            "the other side reads nothing"
        );
        let reading = async {
            let mut all = Vec::new();
            tokio::io::AsyncReadExt::read_to_end(&mut far, &mut all).await?;
            io::Result::Ok(all)
        };
        let sending = async {
            connection.await?;
            io::Result::Ok(())
        };
        let (sent, read) = tokio::join!(sending, reading);
        sent.unwrap();
        assert_eq!(read.unwrap(), [7; 1000]);
    }
}
