//! Every bound of this engine, and what happens when it is reached.

use std::time::Duration;

/// How long one endpoint may take to accept a connection, before the next one is tried.
pub(crate) const CONNECT: Duration = Duration::from_secs(3);

/// How long etcd may take to answer. A write that takes longer is refused; it may have happened.
pub(crate) const ANSWER: Duration = Duration::from_secs(7);

/// How long the copy may take to catch up with what etcd has, before a request is refused.
pub(crate) const CATCH_UP: Duration = Duration::from_secs(3);

/// How long the copy waits for what it has not heard of, before it makes etcd say something: where
/// others write to the same etcd, revisions exist of which nothing is to be heard.
pub(crate) const NUDGE: Duration = Duration::from_millis(50);

/// How often a silent connection is asked whether it lives: as often as etcd puts up with.
pub(crate) const KEEPALIVE: Duration = Duration::from_secs(10);

/// How long that answer may take, before the next endpoint is tried.
pub(crate) const KEEPALIVE_ANSWER: Duration = Duration::from_secs(5);

/// Requests under way on one connection. When so many wait, further ones wait in line.
pub(crate) const REQUESTS: usize = 1024;

/// Readers that wait for the same look at etcd's revision. Further ones wait in line.
pub(crate) const READERS: usize = 4096;

/// Bytes of one message from etcd. It cuts what it tells watchers at a tenth of that; a page of a
/// listing is held far below by its own bound.
pub(crate) const MESSAGE_BYTES: usize = 256 * 1024 * 1024;

/// Bytes that a page of a listing aims at.
pub(crate) const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Keys of the first page of a listing, when nothing is known about their size: they may all be as
/// large as objects get.
pub(crate) const PAGE_KEYS_FIRST: i64 = 100;

/// Keys of one page at most.
pub(crate) const PAGE_KEYS_MAX: i64 = 10_000;

/// Bytes of a prefix. Transactions are weighed as if every key carried this much.
pub(crate) const PREFIX_BYTES: usize = 64;

/// How long a server that lost its etcd waits between two attempts, at most.
pub(crate) const RETRY_MAX: Duration = Duration::from_secs(2);

/// How often old history is compacted away. Watchers and lists of the past are served from memory;
/// this much is kept for servers that lost their connection.
pub const COMPACT_EVERY: Duration = Duration::from_secs(300);

/// Revisions after which history is compacted even sooner, so that a burst cannot fill etcd.
pub(crate) const COMPACT_REVISIONS: u64 = 250_000;

/// How often the past in memory is looked through for what is too old to keep.
pub(crate) const FORGET_EVERY: Duration = Duration::from_secs(10);
