//! Why a server could not start.

use std::error::Error;
use std::sync::Arc;

use gantry_api::Rejection;
use gantry_etcd::EtcdError;
use gantry_journal::JournalError;
use gantry_pki::PkiError;
use gantry_store::CommitError;

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Somebody who is to know whose tokens are cannot be asked.
    #[error("prepare to ask whose tokens are")]
    Authn(#[from] gantry_authn::WebhookError),
    /// The store could not be opened.
    #[error("open the store")]
    Store(#[from] JournalError),
    /// The etcd that keeps the state cannot be used.
    #[error("open the store")]
    Etcd(#[from] EtcdError),
    /// The etcd that keeps the state did not answer in time.
    #[error("open the store: {0}")]
    Unreachable(String),
    /// The state belongs to a cluster with other keys.
    #[error(
        "open the store: it belongs to a cluster with another authority; servers that share a \
         state share their keys: copy ca.pem and service-accounts.pem from the pki folder of a \
         server that has the state"
    )]
    OtherKeys,
    /// What is kept could not be written anew.
    #[error("seal what is kept with the current key")]
    Reseal(#[source] Arc<dyn Error + Send + Sync>),
    /// The authority could not be noted.
    #[error("note the cluster's authority in the store")]
    Note(#[source] CommitError),
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
