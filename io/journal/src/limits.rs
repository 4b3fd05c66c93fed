//! Every bound of the journal, and what happens when it is reached.

use std::time::Duration;

/// Transactions waiting to be written. When so many wait, further committers wait in line.
pub const QUEUE: usize = 1024;

/// Transactions in one frame; the rest waits for the next. It bounds how long the first waits.
pub const BATCH_TRANSACTIONS: usize = 512;

/// Bytes after which a frame takes in no further transaction, so that one sync stays short.
pub const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of one frame. A batch and one largest transaction fit several times; a frame that claims
/// to be larger is damaged.
pub const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of a picture gathered before they are written.
pub(crate) const PICTURE_FRAME_BYTES: usize = 1024 * 1024;

/// Log bytes after which a picture is taken. Reading so much back takes well under a second.
pub const LOG_BYTES: u64 = 64 * 1024 * 1024;

/// How often the past is looked through for what is too old to keep, and the newest promise made
/// durable: an acknowledged end that the disk lost later than that is noticed.
pub(crate) const FORGET_EVERY: Duration = Duration::from_secs(10);

/// Bytes that are kept on the disk so that a full one still takes deletions: some ten thousand of
/// them. With a smaller disk than that to spare, deletions are refused like everything else.
pub const RESERVE_BYTES: u64 = 4 * 1024 * 1024;

/// The least that is given back at once.
pub(crate) const RESERVE_PIECE_BYTES: u64 = 64 * 1024;

/// How often a full disk is asked again whether it has room.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(1);
