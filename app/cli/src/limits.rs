//! What is bounded here, and why.

use std::time::Duration;

/// How many objects are asked for at a time; a list of any length arrives in pieces of this size.
pub(crate) const LIST_CHUNK: usize = 500;
/// How often a write is tried again when somebody else was faster.
pub(crate) const CONFLICT_RETRIES: usize = 5;
/// How long `run --attach` waits for its pod.
pub(crate) const POD_START_MAX: Duration = Duration::from_secs(60);
/// How often a port-forward that waits for bytes looks whether it should stop.
pub(crate) const COPY_BUFFER: usize = 32 * 1024;
/// How many log streams are followed at a time unless the user says more.
pub(crate) const LOG_STREAMS_MAX: usize = 5;
