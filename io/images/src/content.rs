//! Blobs by digest: manifests, configurations and layers as they were published.
//!
//! A blob gets its name only when all of it has been written, its digest has been checked, and it
//! is on the disk; so whatever is found under a digest is that content.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::digest::{Digest, HashingWriter};
use crate::files::{self, FileError, at};

/// The blobs below one directory.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    blobs: PathBuf,
    temporary: PathBuf,
}

/// Why content was not stored or read.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The file system did not do its part.
    #[error(transparent)]
    File(#[from] FileError),
    /// The bytes are not the ones that the digest stands for.
    #[error("accept content of digest {found} as {expected}")]
    Digest {
        /// What was asked for.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// The length is not the announced one.
    #[error("accept {found} bytes as {digest}, which has {expected}")]
    Size {
        /// Which content.
        digest: Digest,
        /// The announced length.
        expected: u64,
        /// How many bytes came.
        found: u64,
    },
    /// A document is larger than any real one.
    #[error("read {digest}: it is larger than {limit} bytes")]
    TooLarge {
        /// Which content.
        digest: Digest,
        /// The limit.
        limit: u64,
    },
}

impl Content {
    pub(crate) fn open(dir: &Path) -> Result<Self, FileError> {
        let (blobs, temporary) = (dir.join("blobs").join("sha256"), dir.join("tmp"));
        files::private_dir(&blobs)?;
        files::private_dir(&temporary)?;
        Ok(Self { blobs, temporary })
    }

    pub(crate) fn path(&self, digest: &Digest) -> PathBuf {
        self.blobs.join(digest.hex())
    }

    /// The directory for what is not finished, on the same file system.
    pub(crate) fn temporary(&self) -> &Path {
        &self.temporary
    }

    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    pub(crate) fn size(&self, digest: &Digest) -> Option<u64> {
        fs::metadata(self.path(digest))
            .ok()
            .map(|found| found.len())
    }

    pub(crate) fn open_blob(&self, digest: &Digest) -> Result<File, FileError> {
        let path = self.path(digest);
        File::open(&path).map_err(at("open", &path))
    }

    /// Reads a small blob, and checks again that it is what its name says.
    pub(crate) fn read(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, ContentError> {
        let path = self.path(digest);
        let mut bytes = Vec::new();
        let read = self
            .open_blob(digest)?
            .take(limit + 1)
            .read_to_end(&mut bytes);
        read.map_err(at("read", &path))?;
        if bytes.len() as u64 > limit {
            return Err(ContentError::TooLarge {
                digest: digest.clone(),
                limit,
            });
        }
        check(digest, Digest::of(&bytes))?;
        Ok(bytes)
    }

    /// Stores bytes that are already in memory.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<Digest, ContentError> {
        let mut blob = self.begin()?;
        blob.write_all(bytes)
            .map_err(at("write in", &self.temporary))?;
        blob.finish()
    }

    /// Begins a blob whose digest is found while it is written.
    pub(crate) fn begin(&self) -> Result<NewBlob, ContentError> {
        let file = NamedTempFile::new_in(&self.temporary);
        let file = file.map_err(at("write in", &self.temporary))?;
        Ok(NewBlob {
            file: HashingWriter::new(file),
            content: self.clone(),
        })
    }

    /// All blobs that are there.
    pub(crate) fn all(&self) -> Result<BTreeSet<Digest>, FileError> {
        let entries = fs::read_dir(&self.blobs).map_err(at("list", &self.blobs))?;
        let name = |entry: io::Result<fs::DirEntry>| {
            let name = entry.map_err(at("list", &self.blobs))?.file_name();
            Ok(name.to_str().and_then(Digest::from_hex))
        };
        entries.map(name).filter_map(Result::transpose).collect()
    }

    pub(crate) fn remove(&self, digest: &Digest) -> Result<(), FileError> {
        let path = self.path(digest);
        fs::remove_file(&path).map_err(at("remove", &path))
    }
}

/// A blob that is being written. Dropped before it is finished, it leaves nothing.
pub(crate) struct NewBlob {
    file: HashingWriter<NamedTempFile>,
    content: Content,
}

impl NewBlob {
    /// Keeps the blob under the digest that it has.
    pub(crate) fn finish(self) -> Result<Digest, ContentError> {
        let (file, digest, _) = self.file.finish();
        files::settle(file, &self.content.path(&digest))?;
        Ok(digest)
    }

    /// Keeps the blob if it is the expected one.
    pub(crate) fn finish_as(
        self,
        expected: &Digest,
        size: Option<u64>,
    ) -> Result<(), ContentError> {
        let (file, digest, found) = self.file.finish();
        if let Some(expected_size) = size.filter(|size| *size != found) {
            let digest = expected.clone();
            return Err(ContentError::Size {
                digest,
                expected: expected_size,
                found,
            });
        }
        check(expected, digest)?;
        Ok(files::settle(file, &self.content.path(expected))?)
    }
}

impl Write for NewBlob {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Says whether content is what it should be.
pub(crate) fn check(expected: &Digest, found: Digest) -> Result<(), ContentError> {
    if *expected == found {
        return Ok(());
    }
    Err(ContentError::Digest {
        expected: expected.clone(),
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_that_is_not_what_was_expected_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let content = Content::open(dir.path()).unwrap();
        let expected = Digest::of(b"right");
        for (bytes, size) in [(&b"wrong"[..], None), (b"right", Some(4))] {
            let mut blob = content.begin().unwrap();
            blob.write_all(bytes).unwrap();
            blob.finish_as(&expected, size).unwrap_err();
        }
        assert!(!content.has(&expected));
        assert_eq!(fs::read_dir(content.temporary()).unwrap().count(), 0);
    }

    #[test]
    fn a_blob_that_was_damaged_on_the_disk_is_not_handed_out() {
        let dir = tempfile::tempdir().unwrap();
        let content = Content::open(dir.path()).unwrap();
        let digest = content.put(b"manifest").unwrap();
        assert_eq!(content.read(&digest, 100).unwrap(), b"manifest");
        assert!(matches!(
            content.read(&digest, 7),
            Err(ContentError::TooLarge { .. })
        ));
        fs::write(content.path(&digest), b"manifesT").unwrap();
        assert!(matches!(
            content.read(&digest, 100),
            Err(ContentError::Digest { .. })
        ));
    }
}
