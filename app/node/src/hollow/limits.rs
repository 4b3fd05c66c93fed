//! What bounds a process of hollow nodes. All of it together stays below the number of requests
//! that servers accept on one connection.

use std::time::Duration;

/// Statuses being written, and pods being removed, at the same time; more wait their turn. Pods
/// then become ready later, and the server is not flooded.
pub(super) const WRITES_AT_ONCE: usize = 64;
/// Beats at the same time; more wait their turn, apart from the pods' writes.
pub(super) const BEATS_AT_ONCE: usize = 32;
/// ConfigMaps and Secrets being read at the same time.
pub(super) const READS_AT_ONCE: usize = 16;
/// How long a ConfigMap or Secret that was read counts as known. A change is noticed after that, when
/// something happens to a pod that refers to it.
pub(super) const FRESH: Duration = Duration::from_secs(60);
/// The same, for one that is missing: whoever waits for it will ask again.
pub(super) const MISSING: Duration = Duration::from_secs(1);
/// How long to wait after a read that failed.
pub(super) const READ_AGAIN: Duration = Duration::from_secs(1);
/// How often what nobody needs is forgotten and troubles are told: one line, however many there were.
pub(super) const HOUSEKEEPING: Duration = Duration::from_secs(10);
/// How long to wait until the view shows what a beat wrote.
pub(super) const BEAT_SEEN: Duration = Duration::from_secs(5);
