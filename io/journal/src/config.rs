//! What an operator may set.

use std::sync::Arc;

use gantry_store::{HistoryLimits, Plain, Seal};

use crate::limits::{LOG_BYTES, RESERVE_BYTES};

/// How much the journal keeps.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// Log bytes after which a picture is taken and the log begins anew. When the state itself is
    /// larger, its size counts instead, so that pictures never dominate what is written.
    pub log_bytes: u64,
    /// How much of the past can be read and watched.
    pub history: HistoryLimits,
    /// Bytes of the disk that are kept for deletions on a full one.
    pub reserve_bytes: u64,
    /// What becomes of a record on its way to the disk.
    pub seal: Arc<dyn Seal>,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            log_bytes: LOG_BYTES,
            history: HistoryLimits::default(),
            reserve_bytes: RESERVE_BYTES,
            seal: Arc::new(Plain),
        }
    }
}
