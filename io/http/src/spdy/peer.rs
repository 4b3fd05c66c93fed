//! The other end of a connection, for tests: a client made of the same codec.

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::frame::{decode, encode};
use super::headers::{Packer, Unpacker};

pub(crate) use super::frame::Frame;
pub(crate) use super::headers::Headers;

/// A client that sends and receives frames one by one.
pub(crate) struct Peer<T> {
    io: T,
    buffer: BytesMut,
    packer: Packer,
    unpacker: Unpacker,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Peer<T> {
    pub(crate) fn new(io: T) -> Self {
        Self {
            io,
            buffer: BytesMut::new(),
            packer: Packer::new(),
            unpacker: Unpacker::new(),
        }
    }

    pub(crate) async fn send(&mut self, frame: Frame) {
        let mut out = BytesMut::new();
        encode(&frame, &mut self.packer, &mut out);
        self.io.write_all(&out).await.unwrap();
        self.io.flush().await.unwrap();
    }

    /// The next frame; nothing once the server has closed.
    pub(crate) async fn receive(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = decode(&mut self.buffer, &mut self.unpacker).unwrap() {
                return Some(frame);
            }
            if self.io.read_buf(&mut self.buffer).await.unwrap() == 0 {
                return None;
            }
        }
    }
}
