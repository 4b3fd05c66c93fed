//! Channels over a WebSocket: each message begins with the number of its channel.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::limits::{COPY_BYTES, LINGER, PIPE_BYTES, QUEUED_CHUNKS, RESIZE_BYTES};
use crate::streams::channels::{Asked, Channels, Input};
use crate::streams::outlet::{Chunk, Outlet};
use crate::streams::upgrade::goodbye;

const STDIN: u8 = 0;
const STDOUT: u32 = 1;
const STDERR: u32 = 2;
const ERROR: u32 = 3;
const RESIZE: u8 = 4;
/// Says that the channel whose number follows is at its end.
const CLOSE: u8 = 255;

/// The ways to speak, best first.
pub(crate) const PROTOCOLS: [&str; 5] = [
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "v4.base64.channel.k8s.io",
    "channel.k8s.io",
    "base64.channel.k8s.io",
];

/// What a protocol's name means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    is_base64: bool,
    has_close: bool,
    tells_status: bool,
}

impl Dialect {
    /// The dialect called `protocol`; without a name, the oldest.
    pub(crate) fn named(protocol: Option<&str>) -> Self {
        let protocol = protocol.unwrap_or("");
        Self {
            is_base64: protocol.contains("base64"),
            has_close: protocol.starts_with("v5"),
            tells_status: protocol.starts_with("v4") || protocol.starts_with("v5"),
        }
    }

    fn encode(self, channel: u8, bytes: &[u8]) -> Message {
        if self.is_base64 {
            let digit = char::from(b'0' + channel);
            return Message::text(format!("{digit}{}", STANDARD.encode(bytes)));
        }
        let mut message = BytesMut::with_capacity(bytes.len() + 1);
        message.put_u8(channel);
        message.put_slice(bytes);
        Message::Binary(message.freeze())
    }

    /// Channel and content of a message, if it is one.
    fn decode(self, message: &Message) -> Option<(u8, Bytes)> {
        let bytes = match message {
            Message::Binary(bytes) => bytes.clone(),
            Message::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                return None;
            }
        };
        let (first, rest) = bytes.split_first()?;
        if self.is_base64 {
            return Some((first.wrapping_sub(b'0'), STANDARD.decode(rest).ok()?.into()));
        }
        Some((*first, bytes.slice(1..)))
    }
}

/// The channels over `socket`, and what carries them for as long as it is polled.
pub(crate) fn open<T>(
    socket: WebSocketStream<T>,
    dialect: Dialect,
    asked: Asked,
) -> (Channels, impl Future<Output = Result<(), Error>> + Send)
where
    T: AsyncRead + AsyncWrite + Send + Unpin,
{
    let (queue, queued) = mpsc::channel(QUEUED_CHUNKS);
    let (stdin, stdin_inlet) = pipe(asked.stdin, PIPE_BYTES);
    let (resize, resize_inlet) = pipe(asked.tty, RESIZE_BYTES);
    let outlet = |id, is_asked: bool| is_asked.then(|| Outlet::new(id, queue.clone()));
    let channels = Channels {
        stdin,
        resize,
        stdout: outlet(STDOUT, asked.stdout),
        stderr: outlet(STDERR, asked.stderr),
        error: Outlet::new(ERROR, queue),
        tells_status: dialect.tells_status,
    };
    let inlets = Inlets {
        stdin: stdin_inlet,
        resize: resize_inlet,
    };
    let drive = async move {
        let (sink, source) = socket.split();
        let reading = read(source, dialect, inlets);
        tokio::pin!(reading);
        tokio::select! {
            read = &mut reading => read,
            written = write(sink, dialect, queued) => {
                written?;
                tokio::time::timeout(LINGER, reading).await.unwrap_or(Ok(()))
            }
        }
    };
    (channels, drive)
}

fn pipe(is_asked: bool, size: usize) -> (Option<Input>, Option<DuplexStream>) {
    if !is_asked {
        return (None, None);
    }
    let (read, write) = tokio::io::duplex(size);
    (Some(Box::new(read)), Some(write))
}

struct Inlets {
    stdin: Option<DuplexStream>,
    resize: Option<DuplexStream>,
}

impl Inlets {
    fn at(&mut self, channel: u8) -> Option<&mut Option<DuplexStream>> {
        match channel {
            STDIN => Some(&mut self.stdin),
            RESIZE => Some(&mut self.resize),
            _ => None,
        }
    }
}

async fn read<T>(
    mut source: SplitStream<WebSocketStream<T>>,
    dialect: Dialect,
    mut inlets: Inlets,
) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = source.next().await {
        let message = message?;
        if message.is_close() {
            return Ok(());
        }
        let Some((channel, bytes)) = dialect.decode(&message) else {
            continue;
        };
        let ended = (dialect.has_close && channel == CLOSE).then(|| bytes.first().copied());
        if let Some(Some(inlet)) = ended.flatten().map(|channel| inlets.at(channel)) {
            *inlet = None;
            continue;
        }
        if let Some(inlet) = inlets.at(channel)
            && let Some(pipe) = inlet
            && pipe.write_all(&bytes).await.is_err()
        {
            // Nobody reads this channel any more.
            *inlet = None;
        }
    }
    Ok(())
}

async fn write<T>(
    mut sink: SplitSink<WebSocketStream<T>, Message>,
    dialect: Dialect,
    mut queued: mpsc::Receiver<Chunk>,
) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    // An empty message on the first output tells the client that the channels are open.
    sink.send(dialect.encode(1, &[])).await?;
    while let Some(chunk) = queued.recv().await {
        match chunk {
            Chunk::Data { id, bytes } => {
                sink.feed(dialect.encode(u8::try_from(id).unwrap_or(CLOSE), &bytes))
                    .await?;
            }
            // There is no message for the end of a channel in this direction.
            Chunk::End { .. } => {}
            Chunk::Close => return sink.send(goodbye()).await,
        }
        if queued.is_empty() {
            sink.flush().await?;
        }
    }
    Ok(())
}

/// A WebSocket whose messages carry a stream of bytes, as such a stream, and what carries it.
pub(crate) fn tunnel<T>(
    socket: WebSocketStream<T>,
) -> (
    tokio::io::DuplexStream,
    impl Future<Output = Result<(), Error>> + Send,
)
where
    T: AsyncRead + AsyncWrite + Send + Unpin,
{
    let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
    let drive = async move {
        let (mut sink, mut source) = socket.split();
        let (mut from, mut to) = tokio::io::split(ours);
        let inward = async {
            while let Some(message) = source.next().await {
                if let Message::Binary(bytes) = message?
                    && to.write_all(&bytes).await.is_err()
                {
                    break;
                }
            }
            Ok(())
        };
        let outward = async {
            let mut buffer = BytesMut::new();
            loop {
                buffer.reserve(COPY_BYTES);
                if matches!(from.read_buf(&mut buffer).await, Ok(0) | Err(_)) {
                    return sink.send(goodbye()).await;
                }
                sink.send(Message::Binary(buffer.split().freeze())).await?;
            }
        };
        tokio::pin!(inward);
        tokio::select! {
            read = &mut inward => read,
            written = outward => {
                written?;
                tokio::time::timeout(LINGER, inward).await.unwrap_or(Ok(()))
            }
        }
    };
    (theirs, drive)
}
