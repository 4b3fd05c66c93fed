//! Why a server could not start.

use gantry_api::Rejection;
use gantry_journal::JournalError;
use gantry_pki::PkiError;

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The store could not be opened.
    #[error("open the store")]
    Store(#[from] JournalError),
    /// The keys could not be opened.
    #[error("open the cluster's keys")]
    Keys(#[from] PkiError),
    /// There is no source of chance.
    #[error("open the machine's source of randomness")]
    Chance(#[source] std::io::Error),
    /// An object that must exist could not be made.
    #[error("create {what}")]
    Bootstrap {
        /// Which object.
        what: String,
        /// Why.
        #[source]
        source: Rejection,
    },
    /// The front could not be started.
    #[error("listen for requests: {0}")]
    Listen(String),
}
