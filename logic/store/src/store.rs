//! The seam between those who read and write state and those who keep it.
//!
//! Reads are synchronous because state lives in memory; only durability waits.

use std::error::Error;
use std::future::{Future, ready};
use std::sync::Arc;

use gantry_api::key::Revision;

use crate::key::{Key, KeyRange};
use crate::seal::SealError;
use crate::snapshot::Snapshot;
use crate::txn::Txn;
use crate::watch::Watch;

/// Revisioned state that can be read, changed and watched.
///
/// Revisions grow with every transaction that changes something; a store that nobody else writes
/// begins at 0 and grows by one. [`contract`](crate::contract) states the promises as tests.
pub trait Store: Clone + Send + Sync + 'static {
    /// The newest committed picture. Cheap; never waits.
    fn snapshot(&self) -> Snapshot;

    /// Resolves once the write would survive a power cut, with the revision at which it landed.
    ///
    /// A transaction that changes nothing resolves with the newest revision. When the future is
    /// dropped early, the write may still happen.
    fn commit(&self, txn: Txn) -> impl Future<Output = Result<Revision, CommitError>> + Send;

    /// All changes in `range` after `since`: in order, none missing, none twice.
    fn watch(&self, range: KeyRange, since: Revision) -> Result<Watch, WatchError>;

    /// Resolves once [`snapshot`](Self::snapshot) is as fresh as asked for.
    ///
    /// A store that alone takes commits always is, and answers at once.
    fn reach(&self, _freshness: Freshness) -> impl Future<Output = Result<(), StaleError>> + Send {
        ready(Ok(()))
    }
}

/// How old a picture may be, where others commit to the same state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Any age will do.
    Any,
    /// It shows at least this revision. When that does not come within a moment, the newest picture
    /// has to do: the revision may not exist.
    AtLeast(Revision),
    /// It shows everything that was committed anywhere before it was asked for.
    Current,
}

/// The newest picture may be older than what others have committed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("bring the picture up to date")]
pub struct StaleError {
    /// Why that cannot be found out.
    #[source]
    pub source: Arc<dyn Error + Send + Sync>,
}

/// Why a transaction did not happen.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// A key that was to be unchanged is not.
    #[error("commit: {key} changed at {found}, after it was read at {read}")]
    Conflict {
        /// Which key.
        key: Key,
        /// When the writer read it.
        read: Revision,
        /// When it last changed.
        found: Revision,
    },
    /// A key that was to be absent is there.
    #[error("commit: {key} exists since {created}")]
    Exists {
        /// Which key.
        key: Key,
        /// When it came into being.
        created: Revision,
    },
    /// A key that was to be there is not.
    #[error("commit: {key} does not exist")]
    Missing {
        /// Which key.
        key: Key,
    },
    /// One transaction writes one key twice.
    #[error("commit: {key} is written twice in one transaction")]
    Repeated {
        /// Which key.
        key: Key,
    },
    /// A key or its value is too large.
    #[error("commit {key}: {bytes} bytes are more than the limit of {limit}")]
    TooLarge {
        /// Which key.
        key: Key,
        /// Its size, or its value's.
        bytes: usize,
        /// The most that is kept.
        limit: usize,
    },
    /// A transaction's values are too large together.
    #[error("commit: {bytes} bytes in one transaction are more than the limit of {limit}")]
    TooLong {
        /// The size of all values.
        bytes: usize,
        /// The most that one transaction may write.
        limit: usize,
    },
    /// A transaction has too many guards or writes.
    #[error(
        "commit: {operations} operations in one transaction are more than the limit of {limit}"
    )]
    TooMany {
        /// How many there are.
        operations: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The medium refused. Nothing is visible to readers; after a power cut the write may appear.
    #[error("make revision {revision} durable")]
    Durability {
        /// The revision that was to be written.
        revision: Revision,
        /// What the medium said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// A value could not be sealed for its medium. Nothing was written.
    #[error("commit")]
    Seal(#[from] SealError),
    /// Whoever keeps the state cannot be reached, or does not answer. The write may have happened.
    #[error("commit")]
    Unavailable {
        /// Who does not answer, and why.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The store has been closed.
    #[error("commit: the store is closed")]
    Closed,
}

/// Why a watch does not begin or go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// The history no longer reaches back so far: list again.
    #[error("watch from revision {since}: the history begins at {oldest}")]
    Compacted {
        /// Where the watch was to begin.
        since: Revision,
        /// The oldest revision that can still be asked for.
        oldest: Revision,
    },
    /// The watcher fell behind further than the history reaches: list again.
    #[error(
        "watch on after revision {since}: the watcher is too slow, the history begins at {oldest}"
    )]
    Lagged {
        /// What the watcher has seen.
        since: Revision,
        /// The oldest revision that can still be asked for.
        oldest: Revision,
    },
    /// The revision does not exist yet.
    #[error("watch from revision {since}: the newest is {newest}")]
    Future {
        /// Where the watch was to begin.
        since: Revision,
        /// The newest revision.
        newest: Revision,
    },
    /// Too many watches are open.
    #[error("watch: {limit} watches are open, which is the limit")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The store has been closed.
    #[error("watch: the store is closed")]
    Closed,
}
