//! Why values cannot be sealed or opened, and what to do about it.

use std::path::PathBuf;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// A file could not be read.
    #[error("read the encryption keys in {path}", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file of keys is not there although there was one.
    #[error(
        "read the encryption keys in {path}: the file is missing. What was sealed with its keys \
         cannot be read without it: put it back from where you keep a copy of it, or restore the \
         cluster from a backup (`gantry restore`)",
        path = path.display()
    )]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("write the encryption keys to {path}", path = path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others than its owner may read a file of keys.
    #[error(
        "use the encryption keys in {path}: others may read them (mode {mode:o}); `chmod 600` it",
        path = path.display()
    )]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The configuration cannot be used.
    #[error("use the encryption configuration in {path}: {what}", path = path.display())]
    Configuration {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// There is no source of chance.
    #[error("draw a key from the machine's source of randomness")]
    Chance,
    /// A plug-in could not be asked.
    #[error("ask the KMS plug-in {name:?} at {endpoint}: {message}")]
    PlugIn {
        /// Which plug-in.
        name: String,
        /// Where it listens.
        endpoint: String,
        /// What it said, or why it said nothing.
        message: String,
    },
    /// A plug-in has been unwell for too long.
    #[error(
        "seal with the KMS plug-in {name:?}: it has not been well for more than {seconds} seconds \
         ({why}); nothing is written until it is"
    )]
    Unwell {
        /// Which plug-in.
        name: String,
        /// How long is tolerated.
        seconds: u64,
        /// What it said last.
        why: String,
    },
}

/// Why a value does not open.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(
        "it is sealed with the key {name:?} ({fingerprint}), which is not in {path}; put the file \
         back that has it, or restore from a backup", path = path.display()
    )]
    Unknown {
        name: String,
        fingerprint: String,
        path: PathBuf,
    },
    #[error(
        "it is sealed with the key {name:?} ({wanted}), but the key of that name in {path} is \
         another one ({found}); put the right file back, or restore from a backup",
        path = path.display()
    )]
    Other {
        name: String,
        wanted: String,
        found: String,
        path: PathBuf,
    },
    #[error("it is sealed by the KMS plug-in {name:?}, which {path} does not configure", path = path.display())]
    NoPlugIn { name: String, path: PathBuf },
    #[error("the KMS plug-in did not open its key: {0}")]
    Refused(String),
    #[error(
        "it was changed after it was sealed with the key {name:?}, or sealed for another place; \
         restore it from a backup"
    )]
    Changed { name: String },
    #[error("what was sealed makes no sense; restore it from a backup")]
    Damaged,
    #[error("it is not sealed, and {path} does not let it be read so: add the provider identity", path = path.display())]
    Unsealed { path: PathBuf },
}
