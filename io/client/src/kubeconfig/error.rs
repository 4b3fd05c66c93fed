//! What can be wrong with a kubeconfig.

use std::io;
use std::path::{Path, PathBuf};

use gantry_schema::decode::DecodeError;

/// A kubeconfig that cannot be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// The file cannot be read or written.
    #[error("{what} {}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// The file is not YAML.
    #[error("error loading config file \"{}\"", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where, and what was expected.
        #[source]
        source: DecodeError,
    },
    /// Somebody else has been writing the file for too long.
    #[error("lock {}: another program holds {}", path.display(), lock.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// The lock.
        lock: PathBuf,
    },
    /// A name leads nowhere.
    #[error("{what} {name:?} does not exist")]
    Absent {
        /// `context`, `cluster` or `auth info`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// An entry cannot be used.
    #[error("use {what} {name:?}: {detail}")]
    Unusable {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
        /// Why not.
        detail: String,
    },
}

impl KubeconfigError {
    pub(super) fn file(what: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::File { what, path, source }
    }

    pub(super) fn missing(path: &Path) -> Self {
        Self::file("stat", path, io::ErrorKind::NotFound.into())
    }

    pub(super) fn unusable(what: &'static str, name: &str, detail: impl Into<String>) -> Self {
        let (name, detail) = (name.to_owned(), detail.into());
        Self::Unusable { what, name, detail }
    }
}
