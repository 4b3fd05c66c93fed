//! Owners, permissions, times and extended attributes.
//!
//! The order matters: a change of owner clears the set-user bit and file capabilities, and every
//! other change moves the time.

use std::ffi::OsStr;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

use super::tree;
use crate::archive::Attributes;

/// Sets everything but the time on an open file or directory.
pub(super) fn set(file: BorrowedFd<'_>, wanted: &Attributes) -> io::Result<()> {
    rustix::fs::fchown(file, Some(uid(wanted)), Some(gid(wanted)))?;
    rustix::fs::fchmod(file, Mode::from_raw_mode(wanted.mode))?;
    set_xattrs(wanted, |name, value| {
        rustix::fs::fsetxattr(file, name, value, XattrFlags::empty())
    })
}

/// Sets everything, time too, on something that cannot be opened: a link, a device, a queue.
pub(super) fn set_named(
    dir: BorrowedFd<'_>,
    name: &OsStr,
    wanted: &Attributes,
    link: bool,
) -> io::Result<()> {
    let here = AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::chownat(dir, name, Some(uid(wanted)), Some(gid(wanted)), here)?;
    if !link {
        rustix::fs::chmodat(
            dir,
            name,
            Mode::from_raw_mode(wanted.mode),
            AtFlags::empty(),
        )?;
    }
    let path = tree::through(dir, name);
    set_xattrs(wanted, |key, value| {
        rustix::fs::lsetxattr(&path, key, value, XattrFlags::empty())
    })?;
    Ok(rustix::fs::utimensat(
        dir,
        name,
        &times(wanted.modified),
        here,
    )?)
}

pub(super) fn set_time(file: BorrowedFd<'_>, modified: (i64, u32)) -> io::Result<()> {
    Ok(rustix::fs::futimens(file, &times(modified))?)
}

fn set_xattrs(
    wanted: &Attributes,
    set: impl Fn(&[u8], &[u8]) -> Result<(), Errno>,
) -> io::Result<()> {
    for (name, value) in wanted.xattrs.iter().filter(|(name, _)| is_welcome(name)) {
        match set(name, value) {
            // The file system keeps no such attributes; the files are usable without.
            Err(Errno::NOTSUP) => tracing::debug!(
                name = %String::from_utf8_lossy(name),
                "extended attribute not supported here"
            ),
            result => result?,
        }
    }
    Ok(())
}

/// A layer must not speak to overlayfs directly: it could redirect directories to elsewhere.
fn is_welcome(name: &[u8]) -> bool {
    !name.starts_with(b"trusted.overlay.") && !name.starts_with(b"user.overlay.")
}

fn uid(wanted: &Attributes) -> Uid {
    Uid::from_raw(wanted.uid)
}

fn gid(wanted: &Attributes) -> Gid {
    Gid::from_raw(wanted.gid)
}

fn times((seconds, nanoseconds): (i64, u32)) -> Timestamps {
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: i64::from(nanoseconds),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}
