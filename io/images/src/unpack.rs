//! Unpacks one layer into a directory in the form that overlayfs stacks.
//!
//! The layer is from a stranger: every path is resolved by the kernel inside the directory, so no
//! name and no link leads out of it. Deletions become whiteout devices and opaque directories. The
//! directory is only complete with the attributes of parents that the layer does not mention; they
//! are the lower layers' business, see [`mod@adopt`].

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::archive::{ArchiveError, Entries, decompressed};
use crate::digest::{Digest, Hasher};
use crate::limits;

mod adopt;
mod apply;
mod attributes;
mod path;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use adopt::adopt;
use apply::Applier;

/// Why a layer was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The archive is damaged.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// An entry's name or target is not inside the layer.
    #[error("unpack {path:?}: {fault}")]
    Path {
        /// The name.
        path: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The system refused an entry.
    #[error("unpack {path:?}: {step}")]
    Entry {
        /// The entry.
        path: String,
        /// What was to be done.
        step: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The unpacked bytes are not the ones that the image configuration lists.
    #[error("accept a layer that unpacks to {found} as {expected}")]
    Digest {
        /// What the configuration lists.
        expected: Digest,
        /// What was found.
        found: Digest,
    },
}

/// Asks unpacking to end early when whoever wanted it is gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancel {
    flag: Arc<AtomicBool>,
}

impl Cancel {
    /// Cancels when the returned value is dropped.
    pub(crate) fn on_drop(&self) -> CancelOnDrop {
        CancelOnDrop {
            cancel: self.clone(),
        }
    }
}

pub(crate) struct CancelOnDrop {
    cancel: Cancel,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.cancel.flag.store(true, Ordering::Relaxed);
    }
}

/// What unpacking found out.
#[derive(Debug)]
pub(crate) struct Unpacked {
    /// Directories that were made but not described, as paths within the layer; the empty path is
    /// the root.
    pub(crate) implied: BTreeSet<PathBuf>,
}

const UNPACK_BUFFER: usize = 128 << 10;

/// Unpacks a layer into an empty directory, and checks that it is the one with this digest.
pub(crate) fn unpack(
    input: impl Read,
    root: &Path,
    expected: &Digest,
    cancel: &Cancel,
) -> Result<Unpacked, UnpackError> {
    let mut watched = Watched {
        input: decompressed(input).map_err(ArchiveError::Read)?,
        cancel,
        hasher: Hasher::default(),
        left: limits::UNPACKED_BYTES,
    };
    let mut applier = Applier::new(root)?;
    // Headers are small; decompressors and hashes like large pieces.
    let buffered = io::BufReader::with_capacity(UNPACK_BUFFER, &mut watched);
    let mut entries = Entries::new(buffered, limits::LAYER_ENTRIES);
    while let Some(entry) = entries.next_entry()? {
        applier.apply(&entry, &mut entries)?;
    }
    entries.drain()?;
    let found = watched.hasher.finish();
    if found != *expected {
        return Err(UnpackError::Digest {
            expected: expected.clone(),
            found,
        });
    }
    applier.finish()
}

/// The unpacked bytes on their way: counted, bounded, hashed, and stopped on request.
struct Watched<'a, R> {
    input: R,
    cancel: &'a Cancel,
    hasher: Hasher,
    left: u64,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.flag.load(Ordering::Relaxed) {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        let count = self.input.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::other(format!(
                "it unpacks to more than {} bytes",
                limits::UNPACKED_BYTES
            ))
        })?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
