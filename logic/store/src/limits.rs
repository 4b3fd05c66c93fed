//! Every bound of the store, and what a user sees when it is reached.

use std::time::Duration;

/// Guards or writes in one transaction. More than any request needs; what etcd takes unless told
/// otherwise, and the same on every engine, so that moving between them never fails half-way.
/// Beyond it a commit is refused.
pub const TXN_OPERATIONS_MAX: usize = 128;

/// What one request to etcd may weigh, unless it is told otherwise.
const ETCD_REQUEST_BYTES: usize = 1024 * 1024 + 512 * 1024;

/// Bytes of one value with its summary, a little less than users know from other clusters: the
/// rest of what etcd takes is for key and guard. A larger object is refused.
pub const VALUE_BYTES_MAX: usize = ETCD_REQUEST_BYTES - 64 * 1024;

/// Bytes of one transaction, keys and guards included; see [`Txn::weight`](crate::Txn::weight).
/// Beyond it a commit is refused.
pub const TXN_BYTES_MAX: usize = ETCD_REQUEST_BYTES - 16 * 1024;

/// What naming a key once in a transaction weighs besides the key: the engine's prefix and framing.
pub const KEY_OVERHEAD: usize = 128;

/// Bytes of one key. Group, resource, namespace and name together stay below it; a longer key is
/// refused.
pub const KEY_BYTES_MAX: usize = 1024;

/// Watches open at a time. Far above what a thousand nodes need; beyond it a new watch is refused.
pub const WATCHES_MAX: usize = 65_536;

/// Changes that a watch takes from the history at once. It bounds what one watcher holds outside
/// the history; reaching it only means another look.
pub(crate) const WATCH_BATCH: usize = 512;

/// Revisions between two kept pictures. Reading the past undoes at most so many revisions; keeping
/// more pictures would cost memory on every commit.
pub(crate) const PICTURE_EVERY: u64 = 64;

/// What a change costs in memory besides the value it replaced: nodes of the map, key, counters.
pub(crate) const CHANGE_OVERHEAD: usize = 320;

/// How much of the past is kept. What falls out of it answers 410, and nothing else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimits {
    /// How long a picture can be read after it was replaced.
    pub keep: Duration,
    /// How many bytes the past may take.
    pub bytes: usize,
}

impl Default for HistoryLimits {
    /// Five minutes, as users' clients expect, within 128 MiB.
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(300),
            bytes: 128 * 1024 * 1024,
        }
    }
}
