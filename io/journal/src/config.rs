//! What an operator may set.

use gantry_store::HistoryLimits;

use crate::limits::{LOG_BYTES, RESERVE_BYTES};

/// How much the journal keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalConfig {
    /// Log bytes after which a picture is taken and the log begins anew. When the state itself is
    /// larger, its size counts instead, so that pictures never dominate what is written.
    pub log_bytes: u64,
    /// How much of the past can be read and watched.
    pub history: HistoryLimits,
    /// Bytes of the disk that are kept for deletions on a full one.
    pub reserve_bytes: u64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            log_bytes: LOG_BYTES,
            history: HistoryLimits::default(),
            reserve_bytes: RESERVE_BYTES,
        }
    }
}
