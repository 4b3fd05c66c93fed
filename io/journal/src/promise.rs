//! The newest acknowledged revision, noted beside the log after every sync.
//!
//! A torn last frame and a damaged last frame look alike. The note tells them apart: a log that
//! ends before it has lost something. The note itself is never waited for, so after a power cut
//! it may be old, which only means that less is checked; it is never ahead of the truth.

use std::sync::Arc;

use gantry_base::ignore;
use gantry_store::Revision;

use crate::error::{JournalError, on};
use crate::frame::checksum;
use crate::medium::{Medium, MediumFile};

/// The name of the file.
pub(crate) const PROMISE: &str = "promise";

#[derive(Debug)]
pub(crate) struct Promise(Box<dyn MediumFile>);

impl Promise {
    pub(crate) fn open(medium: &Arc<dyn Medium>) -> Result<Self, JournalError> {
        let file = medium.open(PROMISE).map_err(on("open", PROMISE))?;
        Ok(Self(file))
    }

    /// Notes that everything up to `revision` is durable.
    pub(crate) fn note(&mut self, revision: Revision) {
        let said = revision.0.to_be_bytes();
        let mut note = said.to_vec();
        note.extend_from_slice(&checksum(&said, &[]).to_be_bytes());
        ignore(
            self.0.overwrite(&note),
            "an old note checks less, but is true",
        );
    }

    /// Makes the note durable.
    pub(crate) fn sync(&mut self) {
        ignore(self.0.sync(), "an old note checks less, but is true");
    }
}

/// What was noted; nothing when the note is missing or torn.
pub(crate) fn read(medium: &Arc<dyn Medium>) -> Revision {
    let note = medium.read(PROMISE).unwrap_or_default();
    let read = || {
        let (said, rest) = note.split_first_chunk::<8>()?;
        let is_whole = checksum(said, &[]).to_be_bytes() == *rest;
        is_whole.then(|| Revision(u64::from_be_bytes(*said)))
    };
    read().unwrap_or_default()
}
