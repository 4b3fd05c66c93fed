//! Bounds on what one request may do, each with what a user sees when it is reached.

/// Times that a request is decided when the world moves between deciding and committing. After
/// the last one the client is told of a conflict.
pub const ATTEMPTS: usize = 5;

/// Times that a request is decided when it is others' objects that change, such as a quota that
/// many take from at the same time. After the last one the client is told of a conflict.
pub const COMPANY_ATTEMPTS: usize = 200;

/// Evicted pods that a disruption budget remembers until they are seen going. When there are so
/// many, evictions are refused until somebody has counted.
pub const DISRUPTED_PODS: usize = 2000;

/// Tries to find a generated name that is free. After the last one the client is told that the
/// name is taken, and may try again.
pub const GENERATED_NAME_ATTEMPTS: usize = 8;

/// Bytes of objects that a converting webhook is sent at once; one that is larger goes alone. More
/// are sent in further questions at the same time.
pub const CONVERSION_BYTES: usize = 1 << 20;

/// How long a converting webhook has to answer, in seconds. The request is refused after that.
pub const CONVERSION_SECONDS: u32 = 30;

/// Objects that a converting webhook is sent at once, as for bytes.
pub const CONVERTED_AT_ONCE: usize = 500;

/// Resources and subresources of one version that another server serves. Clients are not told of
/// those beyond, which can be asked for all the same.
pub const EXTENSION_RESOURCES: usize = 2000;

/// Pods that are judged when their namespace begins to want more of them; the writer is told when
/// there are others.
pub const PODS_JUDGED: usize = 3000;

/// Times that a request may stop to ask somebody outside in one world. After the last one it is
/// refused: nobody has so many webhooks.
pub const QUESTION_ROUNDS: usize = 500;

/// Tries of a random address or port before every one is looked at in order.
pub const RANDOM_PICKS: usize = 16;

/// Notes of one webhook for those who write down what was asked. Those beyond are left out.
pub const WEBHOOK_NOTES: usize = 64;

/// Bytes of one piece of a list. Small enough that a slow client holds little, large enough that
/// copying costs less than the pieces.
pub const LIST_PIECE_BYTES: usize = 32 * 1024;

/// Bytes of a field manager's name. A longer one is refused; what a client calls itself is cut.
pub const FIELD_MANAGER_BYTES: usize = 128;

/// The longest life of a token in seconds; longer ones are shortened to it.
pub const TOKEN_SECONDS_MAX: i64 = 24 * 60 * 60;

/// The shortest life of a token in seconds; shorter ones are refused.
pub const TOKEN_SECONDS_MIN: i64 = 10 * 60;

/// How often a watcher that wants to know is told that nothing happened to it, in seconds.
pub const BOOKMARK_SECONDS: u64 = 60;

/// How long a watch lasts when the client names no time, in seconds. Between once and twice as
/// long, so that watchers that came together do not leave together.
pub const WATCH_SECONDS: u64 = 30 * 60;

/// Bytes of a message that an expression of a policy makes. A longer one is replaced by the one that
/// is written out, or by the expression.
pub const POLICY_MESSAGE_BYTES: usize = 5 * 1024;

/// Letters of a note that a policy makes for those who write down what was asked. A longer one is
/// cut.
pub const POLICY_NOTE_LETTERS: usize = 10 * 1024;
