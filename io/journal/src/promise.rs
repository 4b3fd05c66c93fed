//! The newest acknowledged batch, noted beside the log after every sync.
//!
//! A torn last frame and a damaged last frame look alike, and so do a log that ends and one whose
//! end was never written although the disk said so. The note tells them apart: a log that ends
//! before it, or holds another batch at its revision, has lost something. The note is never waited
//! for by a commit, so after a power cut it may be old, which only means that less is checked; it
//! is never ahead of the truth.

use std::io::ErrorKind;
use std::sync::Arc;

use gantry_base::ignore;
use gantry_store::Revision;

use crate::error::{JournalError, on};
use crate::frame::checksum;
use crate::medium::{Medium, MediumFile};

/// The name of the file.
pub(crate) const PROMISE: &str = "promise";

/// What was acknowledged last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Promised {
    pub(crate) revision: Revision,
    /// The checksum of the frame that reached it; format 1 did not note it.
    pub(crate) link: Option<u32>,
}

#[derive(Debug)]
pub(crate) struct Promise(Box<dyn MediumFile>);

impl Promise {
    pub(crate) fn open(medium: &Arc<dyn Medium>) -> Result<Self, JournalError> {
        let file = medium.open(PROMISE).map_err(on("open", PROMISE))?;
        Ok(Self(file))
    }

    /// Notes that everything up to `revision` is durable, and that the frame with the checksum
    /// `link` was the last.
    pub(crate) fn note(&mut self, revision: Revision, link: u32) {
        let mut note = revision.0.to_be_bytes().to_vec();
        note.extend_from_slice(&link.to_be_bytes());
        let sum = checksum(&note, &[]);
        note.extend_from_slice(&sum.to_be_bytes());
        ignore(
            self.0.overwrite(0, &note),
            "an old note checks less, but is true",
        );
    }

    /// Makes the note durable.
    pub(crate) fn sync(&mut self) {
        ignore(self.0.sync(), "an old note checks less, but is true");
    }
}

/// Makes durable what has been noted so far, beside the thread that notes.
pub(crate) fn harden(medium: &Arc<dyn Medium>) {
    let synced = Promise::open(medium).map(|mut promise| promise.sync());
    ignore(synced, "an old note checks less, but is true");
}

/// What was noted; nothing when the note is missing or torn.
pub(crate) fn read(medium: &Arc<dyn Medium>) -> Result<Promised, JournalError> {
    match medium.read(PROMISE) {
        Ok(note) => Ok(parse(&note).unwrap_or_default()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Promised::default()),
        Err(error) => Err(on("read", PROMISE)(error)),
    }
}

fn parse(note: &[u8]) -> Option<Promised> {
    let (said, sum) = note.split_last_chunk::<4>()?;
    let (revision, rest) = said.split_first_chunk::<8>()?;
    let link = match rest {
        [] => None,
        rest => Some(u32::from_be_bytes(rest.try_into().ok()?)),
    };
    let is_whole = checksum(said, &[]).to_be_bytes() == *sum;
    is_whole.then(|| Promised {
        revision: Revision(u64::from_be_bytes(*revision)),
        link,
    })
}
