//! Bounds of the gateway, each with what a user sees when it is reached.

use std::time::Duration;

/// Times that a request is decided when the world moves between deciding and committing. After
/// the last one the client is told of a conflict.
pub const ATTEMPTS: usize = 5;

/// Commits of one request under way at the same time. A larger collection takes its turn.
pub const COMMITS_AT_ONCE: usize = 128;

/// How often a watcher that wants to know is told that nothing happened to it.
pub const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

/// Bytes of encoded events kept for other watchers of the same changes. What falls out is encoded
/// again for whoever comes late.
pub const SHARED_FRAME_BYTES: usize = 512 * 1024;
