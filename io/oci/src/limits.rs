//! Every bound of this crate, and what is seen when it is reached.

use std::time::Duration;

/// The largest message between agent and shim; a larger one ends the connection.
pub const FRAME_BYTES: usize = 8 << 20;

/// Descriptors that may come with one message: the three standard streams.
pub(crate) const FRAME_FDS: usize = 3;

/// Connections that one shim serves at a time; further ones wait in the kernel's queue.
pub(crate) const CONNECTIONS: usize = 256;

/// The longest piece of output logged as one line; the rest follows as a continuation.
pub(crate) const LOG_LINE_BYTES: usize = 16 << 10;

/// The size at which a log is put aside and a new one begun.
pub(crate) const LOG_FILE_BYTES: u64 = 10 << 20;

/// Logs kept of one container, the current one included; the oldest goes first.
pub const LOG_FILES: u32 = 5;

/// Output held for somebody attached who does not read; beyond that they are cut off.
pub(crate) const ATTACH_BYTES: usize = 1 << 20;

/// The last words that are kept of a container's termination message.
pub(crate) const TERMINATION_MESSAGE_BYTES: u64 = 4096;

/// The largest `/etc/passwd` or `/etc/group` that is read from an image.
pub(crate) const ACCOUNT_FILE_BYTES: u64 = 4 << 20;

/// How long a cgroup may stay busy after its last process was killed.
pub(crate) const CGROUP_PATIENCE: Duration = Duration::from_secs(2);

/// The longest time that a container is given to end by itself; longer ones are cut to this.
pub(crate) const GRACE_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The pause between two attempts at removing a busy cgroup.
pub(crate) const CGROUP_RETRY: Duration = Duration::from_millis(2);

/// Open files that a program may have without asking for more.
pub(crate) const OPEN_FILES: u64 = 65_536;

/// Open files that a program may ask for.
pub(crate) const OPEN_FILES_MAX: u64 = 1_048_576;
