//! Every bound of sealing, and what happens when it is reached.

use std::time::Duration;

/// Bytes of a configuration; a longer file is refused.
pub(crate) const FILE_BYTES: u64 = 1024 * 1024;

/// Bytes of a name of a key; a longer one is refused.
pub(crate) const NAME_BYTES: usize = 253;

/// Bytes of what a plug-in says of its key, and of all that is kept beside a value because of it.
/// A plug-in that says more is refused; the figure is the one plug-ins are written for.
pub(crate) const KEY_ID_BYTES: usize = 1024;
pub(crate) const WRAPPED_BYTES: usize = 1024;
pub(crate) const ANNOTATIONS_BYTES: usize = 32 * 1024;

/// How long a plug-in may take, unless the configuration says otherwise.
pub(crate) const ANSWER: Duration = Duration::from_secs(3);

/// How often a plug-in is asked how it is, and how often when it was not well.
pub(crate) const ASK_EVERY: Duration = Duration::from_secs(60);
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(10);

/// How long values are still sealed with the last key after its plug-in was last well. Then writes
/// of what is to be sealed are refused.
pub(crate) const GRACE: Duration = Duration::from_secs(180);

/// Keys that a plug-in opened and that are remembered, so that reading goes on without it. When
/// there are more, the one that was opened first is forgotten, and asked for again.
pub(crate) const REMEMBERED: usize = 1000;

/// Calls to a plug-in that may wait; further ones wait in line.
pub(crate) const WAITING: usize = 64;
