//! Bounds of the gateway, each with what a user sees when it is reached.

use std::time::Duration;

use gantry_registry::limits::BOOKMARK_SECONDS;

/// Commits of one request under way at the same time. A larger collection takes its turn.
pub const COMMITS_AT_ONCE: usize = 128;

/// Questions of one request that are put to others at the same time. A larger collection takes its
/// turn.
pub const QUESTIONS_AT_ONCE: usize = 64;

/// How often a watcher that wants to know is told that nothing happened to it.
pub const BOOKMARK_EVERY: Duration = Duration::from_secs(BOOKMARK_SECONDS);

/// Bytes of encoded events kept for other watchers of the same changes. What falls out is encoded
/// again for whoever comes late.
pub const SHARED_FRAME_BYTES: usize = 512 * 1024;

/// How long a read waits for a revision that does not exist yet. One that does not come is refused
/// with 504, and the client is told which is the newest.
pub const REVISION_PATIENCE: Duration = Duration::from_secs(3);
