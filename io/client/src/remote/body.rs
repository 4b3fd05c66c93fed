//! Answers that arrive piece by piece: watches and logs.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::RemoteError;

/// A line longer than this is not an event of any server.
const LINE_BYTES_MAX: usize = 64 << 20;

/// A body that is still arriving.
#[derive(Debug)]
pub struct Body(Incoming);

/// A body that is still arriving, cut at line ends.
#[derive(Debug)]
pub struct Lines {
    body: Body,
    pending: BytesMut,
    /// How much of `pending` is known to hold no line end.
    searched: usize,
}

impl Body {
    pub(crate) const fn new(incoming: Incoming) -> Self {
        Self(incoming)
    }

    /// The next piece; nothing at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, RemoteError> {
        while let Some(frame) = self.0.frame().await {
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The same, line by line.
    #[must_use]
    pub fn lines(self) -> Lines {
        Lines {
            body: self,
            pending: BytesMut::new(),
            searched: 0,
        }
    }
}

impl Lines {
    /// The next line without its end; nothing when all have been read.
    pub async fn next(&mut self) -> Result<Option<Bytes>, RemoteError> {
        loop {
            let end = self.pending[self.searched..]
                .iter()
                .position(|b| *b == b'\n');
            if let Some(end) = end {
                let mut line = self.pending.split_to(self.searched + end + 1);
                line.truncate(line.len() - 1);
                self.searched = 0;
                return Ok(Some(line.freeze()));
            }
            self.searched = self.pending.len();
            if self.searched > LINE_BYTES_MAX {
                return Err(RemoteError::TooLong {
                    most: LINE_BYTES_MAX,
                });
            }
            match self.body.chunk().await? {
                Some(data) => self.pending.extend_from_slice(&data),
                None => return Ok(self.rest()),
            }
        }
    }

    fn rest(&mut self) -> Option<Bytes> {
        self.searched = 0;
        let rest = self.pending.split().freeze();
        Some(rest).filter(|rest| !rest.is_empty())
    }
}
