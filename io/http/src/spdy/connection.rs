//! A connection: frames on one side, streams of bytes on the other.
//!
//! One future carries everything. Its reader hands each stream's bytes to a bounded pipe; its
//! writer sends what the streams' outlets queue. It ends when the peer does, or some moments after
//! an outlet asked for the end, so that the peer can read to the last byte.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

use super::frame::{Frame, INVALID_STREAM, REFUSED_STREAM, SpdyError, decode, encode};
use super::headers::{Headers, Packer, Unpacker};
use crate::limits::{COPY_BYTES, LINGER, PIPE_BYTES, QUEUED_CHUNKS, SPDY_STREAMS};
use crate::streams::outlet::{Chunk, Outlet};

/// A stream that the peer opened.
#[derive(Debug)]
pub(crate) struct Stream {
    /// What the peer says it is for.
    pub(crate) headers: Headers,
    /// What the peer sends.
    pub(crate) input: DuplexStream,
    /// Sends to the peer.
    pub(crate) output: Outlet,
}

/// Speaks SPDY over `io`. The streams that the peer opens come out of the receiver as long as the
/// future is polled.
pub(crate) fn serve<T>(
    io: T,
) -> (
    mpsc::Receiver<Stream>,
    impl Future<Output = Result<(), SpdyError>> + Send,
)
where
    T: AsyncRead + AsyncWrite + Send,
{
    let (opened, streams) = mpsc::channel(SPDY_STREAMS);
    let drive = async move {
        let (from, to) = tokio::io::split(io);
        let (chunks, queued_chunks) = mpsc::channel(QUEUED_CHUNKS);
        let (control, queued_control) = mpsc::channel(QUEUED_CHUNKS);
        let reader = Reader {
            opened,
            chunks,
            control,
            live: BTreeMap::new(),
            last: 0,
        };
        let reading = reader.run(from);
        let writing = write(to, queued_chunks, queued_control);
        tokio::pin!(reading);
        tokio::select! {
            read = &mut reading => read,
            // Having said all, wait until the peer has heard it; it closes then.
            written = writing => {
                written?;
                tokio::time::timeout(LINGER, reading).await.unwrap_or(Ok(()))
            }
        }
    };
    (streams, drive)
}

/// One open stream, seen from the reader.
struct Live {
    /// Where its bytes go; gone once the peer ended its half.
    inlet: Option<DuplexStream>,
    refused: Arc<AtomicBool>,
    /// Bytes taken since the peer was last told that there is room.
    taken: u32,
}

struct Reader {
    opened: mpsc::Sender<Stream>,
    chunks: mpsc::Sender<Chunk>,
    control: mpsc::Sender<Frame>,
    live: BTreeMap<u32, Live>,
    last: u32,
}

impl Reader {
    async fn run(mut self, mut from: impl AsyncRead + Unpin) -> Result<(), SpdyError> {
        let mut buffer = BytesMut::new();
        let mut unpacker = Unpacker::new();
        loop {
            while let Some(frame) = decode(&mut buffer, &mut unpacker)? {
                self.take(frame).await;
            }
            buffer.reserve(COPY_BYTES);
            if from.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
    }

    async fn take(&mut self, frame: Frame) {
        match frame {
            Frame::SynStream { id, fin, headers } => self.open(id, fin, headers).await,
            Frame::Data { id, fin, bytes } => self.data(id, fin, &bytes).await,
            Frame::Headers { id, fin: true, .. } | Frame::SynReply { id, fin: true, .. } => {
                self.end(id);
            }
            Frame::Reset { id, .. } => {
                if let Some(live) = self.live.remove(&id) {
                    live.refused.store(true, Ordering::Relaxed);
                }
            }
            // The peer numbers its questions odd; even ones would be answers to questions that we
            // never ask.
            Frame::Ping { id } if id % 2 == 1 => self.answer(Frame::Ping { id }).await,
            Frame::Ping { .. }
            | Frame::SynReply { .. }
            | Frame::Headers { .. }
            | Frame::Settings
            | Frame::GoAway { .. }
            | Frame::WindowUpdate { .. }
            | Frame::Unknown => {}
        }
    }

    async fn open(&mut self, id: u32, fin: bool, headers: Headers) {
        let in_order = id % 2 == 1 && id > self.last;
        self.live
            .retain(|_, live| Arc::strong_count(&live.refused) > 1);
        if !in_order || self.live.len() >= SPDY_STREAMS {
            return self
                .answer(Frame::Reset {
                    id,
                    status: REFUSED_STREAM,
                })
                .await;
        }
        self.last = id;
        self.answer(Frame::SynReply {
            id,
            fin: false,
            headers: Headers::default(),
        })
        .await;
        let (input, inlet) = tokio::io::duplex(PIPE_BYTES);
        let output = Outlet::new(id, self.chunks.clone());
        let live = Live {
            inlet: (!fin).then_some(inlet),
            refused: output.refusal(),
            taken: 0,
        };
        self.live.insert(id, live);
        if self
            .opened
            .send(Stream {
                headers,
                input,
                output,
            })
            .await
            .is_err()
        {
            self.live.remove(&id);
            self.answer(Frame::Reset {
                id,
                status: REFUSED_STREAM,
            })
            .await;
        }
    }

    async fn data(&mut self, id: u32, fin: bool, bytes: &Bytes) {
        let Some(live) = self.live.get_mut(&id) else {
            return self
                .answer(Frame::Reset {
                    id,
                    status: INVALID_STREAM,
                })
                .await;
        };
        if let Some(inlet) = &mut live.inlet
            && inlet.write_all(bytes).await.is_err()
        {
            // Nobody reads this stream any more; what still comes is dropped.
            live.inlet = None;
        }
        live.taken = live
            .taken
            .saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let delta = live.taken;
        if usize::try_from(delta).is_ok_and(|taken| taken >= PIPE_BYTES / 2) {
            live.taken = 0;
            self.answer(Frame::WindowUpdate { id, delta }).await;
        }
        if fin {
            self.end(id);
        }
    }

    /// The peer sends nothing more on this stream, but may still listen.
    fn end(&mut self, id: u32) {
        if let Some(live) = self.live.get_mut(&id) {
            live.inlet = None;
        }
    }

    async fn answer(&self, frame: Frame) {
        gantry_base::ignore(
            self.control.send(frame).await,
            "the writer ends only when the connection does, which the reader notices itself",
        );
    }
}

/// Sends what is queued, in order; answers of the protocol go first.
async fn write(
    mut to: impl AsyncWrite + Unpin,
    mut chunks: mpsc::Receiver<Chunk>,
    mut control: mpsc::Receiver<Frame>,
) -> Result<(), SpdyError> {
    let mut packer = Packer::new();
    let mut out = BytesMut::new();
    loop {
        let frame = tokio::select! {
            biased;
            Some(frame) = control.recv() => frame,
            Some(chunk) = chunks.recv() => match chunk {
                Chunk::Data { id, bytes } => Frame::Data { id, fin: false, bytes },
                Chunk::End { id } => Frame::Data { id, fin: true, bytes: Bytes::new() },
                Chunk::Close => {
                    to.shutdown().await?;
                    return Ok(());
                }
            },
            else => return Ok(()),
        };
        encode(&frame, &mut packer, &mut out);
        to.write_all_buf(&mut out).await?;
        if chunks.is_empty() && control.is_empty() {
            to.flush().await?;
        }
    }
}
