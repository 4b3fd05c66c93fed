//! Why the journal could not be opened or written.

use std::io;

use gantry_store::{Revision, SealError};

/// What went wrong, and with which file.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("{action} {file:?}")]
    Medium {
        /// What was attempted.
        action: &'static str,
        /// On which file of the data directory, or on the directory.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The journal has been closed.
    #[error("use the journal: it is closed")]
    Closed,
    /// The disk is full, and what is kept of it is for deletions.
    #[error("keep it on a full disk, which takes deletions only until there is room")]
    Full,
    /// Another process has the directory.
    #[error("open data directory {directory:?}: process {holder} is using it")]
    InUse {
        /// Which directory.
        directory: String,
        /// The other process, as it signed the lock; `?` when it has not yet.
        holder: String,
    },
    /// A file is not as it was written.
    #[error("read {file:?}: it is damaged at byte {offset} ({found}); restore it from a backup")]
    Damaged {
        /// Which file.
        file: String,
        /// Where the damage begins.
        offset: usize,
        /// What was found there.
        found: &'static str,
    },
    /// A later version of this program wrote the file.
    #[error("read {file:?}: it has format {found}, and this program knows formats up to {known}")]
    Newer {
        /// Which file.
        file: String,
        /// The file's format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// A record is sealed, and does not open.
    #[error("read {file:?}")]
    Sealed {
        /// Which file.
        file: String,
        /// Which record, and why.
        source: SealError,
    },
    /// Part of the log is not there.
    #[error("read {file:?}: it begins after revision {begins}, but the state ends at {reached}")]
    Gap {
        /// The file that follows the gap.
        file: String,
        /// Where it begins.
        begins: Revision,
        /// Where everything before it ends.
        reached: Revision,
    },
    /// The log that a picture goes on with is not there.
    #[error(
        "read {file:?}: it is missing, but {picture:?} goes on with it; restore it from a backup"
    )]
    Missing {
        /// The file that should be there.
        file: String,
        /// The picture that was made after it.
        picture: String,
    },
    /// The end of the log is not there.
    #[error(
        "read {file:?}: it ends at revision {reached}, but revision {promised} was acknowledged; \
         restore it from a backup"
    )]
    Lost {
        /// The last file.
        file: String,
        /// Where it ends.
        reached: Revision,
        /// What had been acknowledged.
        promised: Revision,
    },
}

impl JournalError {
    /// Whether the disk has no room.
    pub(crate) fn is_full(&self) -> bool {
        let Self::Medium { source, .. } = self else {
            return matches!(self, Self::Full);
        };
        let kinds = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        kinds.contains(&source.kind())
    }
}

/// Adds to an error of the system what was attempted on which file.
pub(crate) fn on<'a>(
    action: &'static str,
    file: &'a str,
) -> impl FnOnce(io::Error) -> JournalError + 'a {
    move |source| JournalError::Medium {
        action,
        file: file.to_owned(),
        source,
    }
}
