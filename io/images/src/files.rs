//! Small steps on the file system that cannot be left half done, and the lock between processes.
//!
//! Invariant: what has its final name is complete and on the disk. Everything here blocks; callers
//! on the async side go through [`blocking`].

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use tempfile::NamedTempFile;

/// A step on the file system that did not work.
#[derive(Debug, thiserror::Error)]
#[error("{action} {path}")]
pub struct FileError {
    /// What was to be done.
    pub action: &'static str,
    /// To which file.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// Gives an I/O error the step and the file that it belongs to.
pub(crate) fn at<E: Into<io::Error>>(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(E) -> FileError {
    let path = path.to_owned();
    move |source| FileError {
        action,
        path,
        source: source.into(),
    }
}

/// Makes a directory that only its owner may enter, with its parents.
pub(crate) fn private_dir(path: &Path) -> Result<(), FileError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).map_err(at("make directory", path))
}

/// Makes renames within a directory survive a power cut.
pub(crate) fn sync_dir(path: &Path) -> Result<(), FileError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(at("sync directory", path))
}

/// Puts a finished temporary file in its place, durably.
pub(crate) fn settle(file: NamedTempFile, path: &Path) -> Result<(), FileError> {
    file.as_file().sync_all().map_err(at("sync", path))?;
    file.persist(path)
        .map_err(|error| at("rename to", path)(error.error))?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Replaces a file by one with these bytes: after a power cut it has the old content or the new.
pub(crate) fn replace(path: &Path, bytes: &[u8], temporary: &Path) -> Result<(), FileError> {
    let mut file = NamedTempFile::new_in(temporary).map_err(at("write in", temporary))?;
    file.write_all(bytes).map_err(at("write", path))?;
    settle(file, path)
}

/// A lock on a file, held until it is dropped, also against other processes.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until nobody holds the lock alone.
    pub(crate) fn shared(path: &Path) -> Result<Self, FileError> {
        Self::take(path, FlockOperation::LockShared)
    }

    /// Waits until nobody else holds the lock.
    pub(crate) fn exclusive(path: &Path) -> Result<Self, FileError> {
        Self::take(path, FlockOperation::LockExclusive)
    }

    /// Takes the lock alone if nobody holds it now.
    pub(crate) fn try_exclusive(path: &Path) -> Result<Option<Self>, FileError> {
        match Self::take(path, FlockOperation::NonBlockingLockExclusive) {
            Ok(lock) => Ok(Some(lock)),
            Err(error) if error.source.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn take(path: &Path, operation: FlockOperation) -> Result<Self, FileError> {
        let mut options = File::options();
        let file = options.create(true).truncate(false).write(true).open(path);
        let file = file.map_err(at("open", path))?;
        rustix::io::retry_on_intr(|| rustix::fs::flock(&file, operation))
            .map_err(at("lock", path))?;
        Ok(Self { _file: file })
    }
}

/// Runs blocking work away from the async threads.
///
/// A panic in it goes on in the caller. When the caller is dropped, the work goes on to its end, and
/// what it returns is dropped.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
