//! What can go wrong with keys and certificates.

use std::path::PathBuf;

/// Why a key or certificate could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file of the folder could not be read.
    #[error("read {path}", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the folder could not be written.
    #[error("write {path}", path = path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file does not hold what it should; it is never replaced silently.
    #[error(
        "use {path}: {what}; restore it from a backup, or remove it to have a new one made",
        path = path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Text that should be a certificate or key is not.
    #[error("read a certificate: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
    /// A certificate could not be made.
    #[error("issue a certificate for {subject:?}")]
    Issue {
        /// For whom.
        subject: String,
        /// What the library said.
        source: rcgen::Error,
    },
    /// The TLS library refused our keys.
    #[error("set up TLS")]
    Tls(#[from] rustls::Error),
    /// The TLS library refused our authority.
    #[error("set up the verification of client certificates")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}
