//! The sending end of one channel, the same over WebSocket and SPDY.
//!
//! All channels of a connection share one bounded queue: what is sent first arrives first, and a
//! client that does not read holds up whoever sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

use crate::limits::COPY_BYTES;

/// What the writing half of a connection is asked to do.
#[derive(Debug)]
pub(crate) enum Chunk {
    /// Send these bytes on a channel.
    Data { id: u32, bytes: Bytes },
    /// Nothing more will come on a channel.
    End { id: u32 },
    /// Say goodbye, once all before this is sent.
    Close,
}

/// The client is gone, or no longer wants this channel.
#[derive(Debug, thiserror::Error)]
#[error("send to the client: it is gone")]
pub(crate) struct Gone;

/// Sends to one channel.
#[derive(Clone, Debug)]
pub(crate) struct Outlet {
    id: u32,
    queue: mpsc::Sender<Chunk>,
    refused: Arc<AtomicBool>,
}

impl Outlet {
    pub(crate) fn new(id: u32, queue: mpsc::Sender<Chunk>) -> Self {
        Self {
            id,
            queue,
            refused: Arc::default(),
        }
    }

    /// A switch that makes every further sending fail.
    pub(crate) fn refusal(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.refused)
    }

    /// Sends bytes, waiting for room.
    pub(crate) async fn send(&self, bytes: Bytes) -> Result<(), Gone> {
        if self.refused.load(Ordering::Relaxed) {
            return Err(Gone);
        }
        self.queue
            .send(Chunk::Data { id: self.id, bytes })
            .await
            .map_err(|_| Gone)
    }

    /// Says that nothing more will come on this channel.
    pub(crate) async fn end(&self) -> Result<(), Gone> {
        self.queue
            .send(Chunk::End { id: self.id })
            .await
            .map_err(|_| Gone)
    }

    /// Asks for the end of the whole connection.
    pub(crate) async fn close(&self) -> Result<(), Gone> {
        self.queue.send(Chunk::Close).await.map_err(|_| Gone)
    }

    /// Sends all of `source`; ends when either side does. The channel stays open.
    pub(crate) async fn copy(&self, mut source: impl AsyncRead + Unpin) -> Result<(), Gone> {
        let mut buffer = bytes::BytesMut::new();
        loop {
            buffer.reserve(COPY_BYTES);
            // A source that fails has nothing more to say; why is told on the error channel.
            match source.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return Ok(()),
                Ok(_) => self.send(buffer.split().freeze()).await?,
            }
        }
    }
}
