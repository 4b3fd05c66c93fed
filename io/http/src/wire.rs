//! What a peer may send once a conversation is open, as functions from bytes: for those who try to
//! break it (`tests/fuzz`). Nothing else uses them.
//!
//! Time is paused in a session: one that would never end is noticed at once.

use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::limits::{MESSAGE_BYTES, PIPE_BYTES};
use crate::spdy::codec::{Frame, Packer, SpdyError, Unpacker, decode, encode};
use crate::spdy::serve;
use crate::streams::channels::{Asked, Channels};
use crate::streams::websocket::{Dialect, PROTOCOLS, open};

/// Longer than any session waits for its peer.
const ENDLESS: Duration = Duration::from_secs(600);

/// The frames at the front of `bytes`, and how it ended.
///
/// # Panics
/// When they read otherwise once they were written again.
#[must_use]
pub fn spdy_frames(bytes: &[u8]) -> (Vec<String>, String) {
    let (frames, end) = frames(bytes);
    let mut written = BytesMut::new();
    let mut packer = Packer::new();
    for frame in &frames {
        encode(frame, &mut packer, &mut written);
    }
    let known = |frame: &&Frame| !matches!(frame, Frame::Unknown);
    let (again, _) = self::frames(&written);
    assert!(
        again.iter().eq(frames.iter().filter(known)),
        "frames read the same when they are written again"
    );
    let told = frames.iter().map(|frame| format!("{frame:?}"));
    let told = told.map(|text| text.split([' ', '{']).next().unwrap_or_default().to_owned());
    (told.collect(), end)
}

fn frames(bytes: &[u8]) -> (Vec<Frame>, String) {
    let mut buffer = BytesMut::from(bytes);
    let mut unpacker = Unpacker::new();
    let mut frames = Vec::new();
    loop {
        match decode(&mut buffer, &mut unpacker) {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => return (frames, "in order".to_owned()),
            Err(error) => return (frames, error.to_string()),
        }
    }
}

/// How a whole SPDY connection ends on which a peer says `bytes`.
///
/// # Panics
/// When it does not end.
#[must_use]
pub fn spdy_session(bytes: &[u8]) -> String {
    let ended = session(bytes, |io| async move {
        let (mut streams, drive) = serve(io);
        let users = async {
            let mut open = FuturesUnordered::new();
            loop {
                tokio::select! {
                    stream = streams.recv() => match stream {
                        Some(stream) => open.push(async move {
                            drain(stream.input).await;
                            drop(stream.output);
                        }),
                        None => break,
                    },
                    Some(()) = open.next() => {}
                }
            }
            open.collect::<()>().await;
        };
        let (ended, ()) = tokio::join!(drive, users);
        ended
    });
    told(ended)
}

/// How whole WebSocket conversations end on which a peer says `bytes`, one for each way to speak.
///
/// # Panics
/// When one does not end.
#[must_use]
pub fn socket_sessions(bytes: &[u8]) -> Vec<String> {
    let asked = Asked {
        stdin: true,
        stdout: true,
        stderr: true,
        tty: true,
    };
    let one = |protocol: &&str| {
        let dialect = Dialect::named(Some(protocol));
        let ended = session(bytes, |io| async move {
            let config = WebSocketConfig::default()
                .max_message_size(Some(MESSAGE_BYTES))
                .max_frame_size(Some(MESSAGE_BYTES));
            let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
            let (channels, drive) = open(socket, dialect, asked);
            let (ended, ()) = tokio::join!(drive, hear(channels));
            ended.map_err(|error| SpdyError::Transport(std::io::Error::other(error)))
        });
        told(ended)
    };
    PROTOCOLS.iter().map(one).collect()
}

/// Reads what a client sends, then says goodbye, as a program does that ends with its input.
async fn hear(channels: Channels) {
    let Channels {
        stdin,
        resize,
        error,
        stdout,
        stderr,
        ..
    } = channels;
    let read = async |input: Option<Box<dyn AsyncRead + Send + Unpin>>| {
        if let Some(input) = input {
            drain(input).await;
        }
    };
    tokio::join!(read(stdin), read(resize));
    drop((stdout, stderr, error));
}

/// Lets a peer say `bytes` and hear everything, until the server is done.
fn session<T, F: Future<Output = T>>(bytes: &[u8], server: impl FnOnce(DuplexStream) -> F) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without sockets needs nothing of the machine");
    let (near, far) = tokio::io::duplex(PIPE_BYTES);
    let peer = async move {
        let (from, mut to) = tokio::io::split(far);
        let say = async {
            gantry_base::ignore(
                to.write_all(bytes).await,
                "the server may have heard enough",
            );
            gantry_base::ignore(to.shutdown().await, "and be gone");
        };
        tokio::join!(say, drain(from));
    };
    let both = async { tokio::join!(server(near), peer).0 };
    let ended = runtime.block_on(async { tokio::time::timeout(ENDLESS, both).await });
    ended.expect("every session ends")
}

/// Reads to the end.
async fn drain(mut from: impl AsyncRead + Unpin) {
    let mut buffer = BytesMut::with_capacity(PIPE_BYTES);
    while matches!(from.read_buf(&mut buffer).await, Ok(count) if 0 < count) {
        buffer.clear();
    }
}

fn told(ended: Result<(), SpdyError>) -> String {
    match ended {
        Ok(()) => "ended in order".to_owned(),
        Err(error) => gantry_base::chain(&error),
    }
}
