//! What can go wrong with an etcd.

use std::io;
use std::path::PathBuf;

use gantry_store::{CommitError, Revision, SealError};
use tonic::Code;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum EtcdError {
    /// A file of the connection's keys cannot be read.
    #[error("read {path:?}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody answers at an endpoint, or not as whom we expect.
    #[error("connect to etcd at {endpoint}")]
    Connect {
        /// Where.
        endpoint: String,
        /// What went wrong.
        source: tonic::transport::Error,
    },
    /// A request was refused or not answered.
    #[error("{action} in etcd at {endpoint}: {message}")]
    Call {
        /// What was attempted.
        action: &'static str,
        /// Where.
        endpoint: String,
        /// Of what kind the refusal is.
        code: Code,
        /// What etcd said, or why it said nothing.
        message: String,
    },
    /// The copy has not heard of what etcd has already.
    #[error("follow etcd: revision {revision} has not been heard of yet")]
    Behind {
        /// What is waited for.
        revision: Revision,
    },
    /// A key does not hold what was written there.
    #[error("read {key} in etcd: it is damaged; restore it from a backup")]
    Damaged {
        /// Which key.
        key: String,
    },
    /// A key is sealed and does not open, or cannot be sealed.
    #[error("use the state in etcd")]
    Sealed(#[from] SealError),
    /// A later version of this program wrote the state.
    #[error(
        "read the state in etcd: it has format {found}, and this program knows formats up to {known}"
    )]
    Newer {
        /// The state's format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The prefix is somebody else's.
    #[error(
        "use the keys below {prefix:?} in etcd: others are there already; choose another prefix"
    )]
    Foreign {
        /// Which prefix.
        prefix: String,
    },
    /// There is a state already.
    #[error("fill etcd below {prefix:?}: a cluster's state is there already; --force replaces it")]
    Occupied {
        /// Which prefix.
        prefix: String,
    },
    /// There is no state to read.
    #[error("read the state in etcd below {prefix:?}: there is none")]
    Empty {
        /// Which prefix.
        prefix: String,
    },
    /// A record does not fit.
    #[error("fill etcd")]
    Record(#[source] CommitError),
    /// Somebody else changed the note about the state.
    #[error("change the state in etcd: somebody else is changing it too")]
    Raced,
    /// A move or a restore stopped half-way.
    #[error("use the state in etcd: it was not written to its end; move or restore it again")]
    Unfinished,
    /// The state lives elsewhere now, or is being replaced.
    #[error("use the state in etcd: it was moved elsewhere or replaced")]
    Moved,
    /// Another etcd answers than before.
    #[error("follow etcd at {endpoint}: it is another cluster than before")]
    Another {
        /// Where.
        endpoint: String,
    },
    /// etcd has forgotten what it acknowledged.
    #[error(
        "follow etcd: it is at revision {found} and was at {reached} before; it was restored from \
         an old backup, or lost its data"
    )]
    WentBack {
        /// Where it is.
        found: Revision,
        /// Where it was.
        reached: Revision,
    },
    /// The engine has been closed.
    #[error("use etcd: the store is closed")]
    Closed,
}

impl EtcdError {
    /// Whether trying again, here or elsewhere, may help.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Behind { .. } => true,
            Self::Call { code, .. } => !matches!(
                code,
                Code::InvalidArgument | Code::PermissionDenied | Code::Unauthenticated
            ),
            Self::File { .. }
            | Self::Damaged { .. }
            | Self::Sealed(_)
            | Self::Newer { .. }
            | Self::Foreign { .. }
            | Self::Occupied { .. }
            | Self::Empty { .. }
            | Self::Record(_)
            | Self::Raced
            | Self::Unfinished
            | Self::Moved
            | Self::Another { .. }
            | Self::WentBack { .. }
            | Self::Closed => false,
        }
    }

    /// Whether the history that was asked for is gone.
    pub(crate) const fn is_compacted(&self) -> bool {
        matches!(
            self,
            Self::Call {
                code: Code::OutOfRange,
                ..
            }
        )
    }
}
