//! Brings one blob from the registry to the disk.
//!
//! A thread writes and hashes while the socket is read; between them is a short queue, so that a
//! slow disk slows the sender down instead of filling memory.

use std::io::Write as _;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{Pull, PullCause, Ticket};
use crate::content::{Content, ContentError};
use crate::digest::Digest;
use crate::files::{at, blocking};
use crate::limits;
use crate::manifest::Descriptor;
use crate::remote::RemoteError;

impl Pull<'_> {
    /// Downloads a blob unless it is there; `report` hears how many bytes have come, from here or
    /// through somebody else who downloads the same.
    pub(super) async fn download(
        &self,
        blob: &Descriptor,
        report: impl Fn(u64),
        ticket: &Ticket,
    ) -> Result<(), PullCause> {
        let shared = &self.images.shared;
        let turn = shared.flights.turn(&blob.digest, &report).await;
        if shared.content.has(&blob.digest) {
            return Ok(());
        }
        let advance = |done| {
            turn.advance(done);
            report(done);
        };
        for attempt in 1.. {
            match self.attempt(blob, &advance, ticket).await {
                Err(PullCause::Remote(error))
                    if error.is_passing() && attempt < limits::DOWNLOAD_ATTEMPTS =>
                {
                    let error = gantry_base::chain(&error);
                    tracing::info!(blob = %blob.digest, %error, "download started again");
                }
                outcome => return outcome,
            }
        }
        unreachable!("the last attempt returns its outcome")
    }

    async fn attempt(
        &self,
        blob: &Descriptor,
        advance: &impl Fn(u64),
        ticket: &Ticket,
    ) -> Result<(), PullCause> {
        let (sender, receiver) = mpsc::channel(limits::DOWNLOAD_CHUNKS);
        let content = self.images.shared.content.clone();
        let (digest, size) = (blob.digest.clone(), blob.size);
        let ticket = ticket.clone();
        let writing = blocking(move || {
            let written = write(&content, receiver, &digest, size);
            drop(ticket);
            written
        });
        let (read, written) = tokio::join!(self.read(blob, sender, advance), writing);
        // When the transfer broke off, that the blob is not whole is only a consequence.
        read?;
        Ok(written?)
    }

    /// Ends early, without an error of its own, when the disk does.
    async fn read(
        &self,
        blob: &Descriptor,
        sender: mpsc::Sender<Bytes>,
        advance: &impl Fn(u64),
    ) -> Result<(), RemoteError> {
        let registry = &self.session.endpoint.name;
        let mut answer = self.session.blob(&blob.digest).await?;
        let mut done = 0;
        while let Some(chunk) = answer.chunk(registry).await? {
            done += chunk.len() as u64;
            if done > blob.size {
                return Err(RemoteError::TooLarge {
                    registry: registry.clone(),
                    limit: blob.size,
                });
            }
            if sender.send(chunk).await.is_err() {
                return Ok(());
            }
            advance(done);
        }
        Ok(())
    }
}

fn write(
    content: &Content,
    mut chunks: mpsc::Receiver<Bytes>,
    digest: &Digest,
    size: u64,
) -> Result<(), ContentError> {
    let mut blob = content.begin()?;
    while let Some(chunk) = chunks.blocking_recv() {
        blob.write_all(&chunk)
            .map_err(at("write in", content.temporary()))?;
    }
    blob.finish_as(digest, Some(size))
}
