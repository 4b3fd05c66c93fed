//! What bounds those who run reconcilers.

use std::time::Duration;

use gantry_base::backoff::Backoff;

/// Writes of one plan that are under way at the same time: enough to share disk syncs.
pub const WRITES_AT_ONCE: usize = 64;
/// How long to wait for the view to show our own last write; then the key is looked at again later.
pub const VIEW_WAIT: Duration = Duration::from_secs(10);
/// How often everything is looked at, whether anything changed or not: the safety net under what
/// changes make due.
pub const FULL_PASS: Duration = Duration::from_secs(600);
/// How long to wait before a broken watch is opened again, at first and at most.
pub const REWATCH: Backoff = Backoff {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(10),
};
