//! Bounds on asking, each with what happens when it is reached.

use std::time::Duration;

/// Bytes of an answer. A longer one is none, and the webhook has failed.
pub const ANSWER_BYTES: usize = 3 * 1024 * 1024;

/// Bytes of an answer's headers.
pub const HEADER_BYTES: usize = 64 * 1024;

/// Letters of an error page that are told to the client.
pub const SHOWN_LETTERS: usize = 256;

/// Failures in a row after which a webhook is not asked for a while.
pub const FAILURES: u32 = 5;

/// How long it is left alone after that; each further failure doubles it.
pub const PAUSE: Duration = Duration::from_secs(5);

/// How long it is left alone at most.
pub const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Failing webhooks that are remembered. Those beyond are asked as if nothing had happened.
pub const FAILING: usize = 1000;
