//! Bounds on asking others, each with what happens when it is reached.

use std::time::Duration;

/// Bytes of an answer of an issuer or a webhook; a longer one is none.
pub const ANSWER_BYTES: usize = 1024 * 1024;
/// How long an issuer or a webhook may take; then the token is refused.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How old an issuer's keys may be; then they are fetched again, so that a key that was withdrawn
/// does not count for longer than this.
pub const KEYS_AGE: Duration = Duration::from_secs(3600);
/// How often an issuer is asked for its keys at most, whatever keys tokens name.
pub const KEYS_PAUSE: Duration = Duration::from_secs(10);
/// Answers of a webhook that are remembered; when there are more, all are forgotten.
pub const ANSWERS: usize = 4096;
/// How long an answer of a webhook counts, unless something else is asked for.
pub const ANSWER_AGE: Duration = Duration::from_secs(120);
