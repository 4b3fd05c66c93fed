//! The one system call of these tests that the compiler cannot vouch for.
#![expect(
    unsafe_code,
    reason = "leaving a namespace is a property of the calling thread"
)]

use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Gives the calling thread a network namespace of its own.
pub(crate) fn leave_network() -> rustix::io::Result<()> {
    // SAFETY: only the network namespace is left behind; file descriptors stay shared.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }
}
