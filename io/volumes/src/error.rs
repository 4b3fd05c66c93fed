//! Why a volume is not as it should be.

use std::io;
use std::path::{Path, PathBuf};

/// Why a volume is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// The file system did not do its part.
    #[error("{what} {}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A path of the node is not what the volume says it is.
    #[error("hostPath type check failed: {} is not a {expected}", path.display())]
    HostPath {
        /// The path.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// A kind of path that does not exist.
    #[error("hostPath type check failed: {0:?} is not a type")]
    HostPathType(String),
    /// A path within a volume leads elsewhere.
    #[error("prepare subPath {sub_path:?} of {}", volume.display())]
    SubPath {
        /// The path within the volume.
        sub_path: String,
        /// Where the volume is.
        volume: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// Something is still mounted where everything is to be removed.
    #[error("remove {}: {} is still mounted", path.display(), mount.display())]
    Mounted {
        /// What is to be removed.
        path: PathBuf,
        /// The mount.
        mount: PathBuf,
    },
}

/// Says where and at what the file system failed.
pub(crate) fn at<E: Into<io::Error>>(
    what: &'static str,
    path: &Path,
) -> impl FnOnce(E) -> VolumeError {
    let path = path.to_owned();
    move |source| VolumeError::File {
        what,
        path,
        source: source.into(),
    }
}
