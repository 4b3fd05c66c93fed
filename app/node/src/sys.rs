//! The one promise to the kernel that this crate has to make by itself.
#![expect(
    unsafe_code,
    reason = "waiting for a descriptor takes a promise about its life"
)]

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::unix::AsyncFd;

/// Lets a descriptor be waited for.
pub(crate) fn wait_for(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is owned, moves in here, and is closed only when what is returned is
    // dropped, which ends the waiting first; it never stands for another file.
    unsafe { AsyncFd::register(fd) }.map_err(Into::into)
}
