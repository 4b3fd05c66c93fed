//! Why nothing can be written down as it was asked for.

use std::path::PathBuf;

use gantry_access::audit::PolicyError;
use gantry_client::RemoteError;
use gantry_client::kubeconfig::KubeconfigError;

/// Why nothing can be written down as it was asked for. Each says what to change.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A file of the configuration cannot be read.
    #[error("read {path}: name a file that is there and may be read", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The policy is longer than any that makes sense.
    #[error(
        "use the audit policy {path}: it is longer than {limit} bytes; write fewer rules",
        path = path.display()
    )]
    TooLong {
        /// Which file.
        path: PathBuf,
        /// How long it may be.
        limit: u64,
    },
    /// The policy is not what it should be.
    #[error(
        "use the audit policy {path}: correct it; https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/ describes the format",
        path = path.display()
    )]
    Policy {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: PolicyError,
    },
    /// The log cannot be opened.
    #[error(
        "open the audit log {path}: name a file in a directory that may be written",
        path = path.display()
    )]
    Log {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file that says where the webhook is cannot be used.
    #[error(
        "use the audit webhook configuration {path}: it has to be a kubeconfig file whose current context names the server",
        path = path.display()
    )]
    Webhook {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<KubeconfigError>,
    },
    /// Its credentials cannot be used.
    #[error(
        "use the credentials in the audit webhook configuration {path}",
        path = path.display()
    )]
    Credentials {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<RemoteError>,
    },
    /// There is no thread to be had.
    #[error("start the thread that writes the audit log")]
    Thread(#[source] std::io::Error),
}
