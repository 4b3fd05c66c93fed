//! What bounds the loops, and the memory of what they did.

use std::time::Duration;

pub use gantry_steering::limits::*;

/// How long a process that ends tries to give up its lease; else others wait until it lapses.
pub const RELEASE: Duration = Duration::from_secs(3);

/// Plans that are remembered, of all loops together: some minutes of a busy cluster, in a few MiB.
pub const PLANS: usize = 2048;
/// Actions of one plan that are remembered in words; of a larger plan the number is.
pub const ACTIONS_SHOWN: usize = 16;
