//! Bounds on writing down, each with what happens when it is reached.

use std::time::Duration;

/// Bytes of a policy. A longer file is refused at start.
pub const POLICY_BYTES: u64 = 1024 * 1024;

/// Bytes of events that wait to be written to the file. Beyond half of it requests wait a moment
/// before they are treated; events beyond all of it are lost and counted.
pub const LOG_BACKLOG_BYTES: usize = 32 * 1024 * 1024;

/// Bytes of events that wait to be sent to the webhook, however few they are.
pub const WEBHOOK_BACKLOG_BYTES: usize = 32 * 1024 * 1024;

/// How long a request waits for room before it is treated all the same.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Bytes written at once.
pub const WRITE_BYTES: usize = 256 * 1024;

/// How long to wait after the file could not be written.
pub const RETRY: Duration = Duration::from_secs(1);

/// How long the events that wait when the server stops may take to be written or sent. Those that
/// take longer are lost and counted.
pub const FAREWELL: Duration = Duration::from_secs(3);

/// The size at which the file is rotated when none is chosen, in megabytes.
pub const LOG_MEGABYTES: u64 = 100;

/// How often sending a batch is tried. After the last time it is lost and counted.
pub const SENDINGS: u32 = 5;

/// How long the webhook may take for a batch.
pub const SENDING: Duration = Duration::from_secs(30);

/// The longest pause before a batch is sent again.
pub const PAUSE_MAX: Duration = Duration::from_secs(60);

/// How often trouble is told in the server's own log: the first time, and once in so many.
pub const TOLD_EVERY: u64 = 1000;
