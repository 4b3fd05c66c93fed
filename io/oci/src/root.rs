//! Paths inside a container's root, followed without ever leaving it.
//!
//! Images and volumes may hold links that point anywhere. Every path here is resolved by the
//! kernel as if the root were the root of everything, and what comes back is a descriptor, so
//! nothing can be exchanged between looking and using.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, openat2};
use rustix::io::{self, Errno};

/// What shall be at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A directory.
    Directory,
    /// Anything else.
    File,
}

impl Kind {
    /// What a descriptor stands for.
    pub(crate) fn of(fd: BorrowedFd<'_>) -> io::Result<Self> {
        let stat = rustix::fs::fstat(fd)?;
        let is_dir = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        Ok(if is_dir { Self::Directory } else { Self::File })
    }
}

/// Opens what a path leads to, only to refer to it.
pub(crate) fn find(root: BorrowedFd<'_>, path: &str) -> io::Result<OwnedFd> {
    open(root, path, OFlags::PATH)
}

/// Opens what a path leads to.
pub(crate) fn open(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    let inside = match path.trim_matches('/') {
        "" => ".",
        inside => inside,
    };
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    openat2(
        root,
        inside,
        flags | OFlags::CLOEXEC,
        Mode::empty(),
        resolve,
    )
}

/// Finds what a path leads to, and makes it, and the directories on the way, when it is not there.
pub(crate) fn ensure(root: BorrowedFd<'_>, path: &str, kind: Kind) -> io::Result<OwnedFd> {
    match find(root, path) {
        Err(Errno::NOENT) => {}
        found => return found,
    }
    let trimmed = path.trim_end_matches('/');
    let (parent, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    let directory = ensure(root, parent, Kind::Directory)?;
    match kind {
        Kind::Directory => {
            rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(0o755))?;
        }
        Kind::File => make_file(directory.as_fd(), name)?,
    }
    find(root, path)
}

fn make_file(directory: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
    rustix::fs::openat(directory, name, flags, Mode::from_raw_mode(0o644)).map(drop)
}

/// Makes a symbolic link, unless there is something already.
pub(crate) fn link(root: BorrowedFd<'_>, at: &str, to: &str) -> io::Result<()> {
    let (parent, name) = at.rsplit_once('/').unwrap_or(("", at));
    let directory = ensure(root, parent, Kind::Directory)?;
    match rustix::fs::symlinkat(to, &directory, name) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(e) => Err(e),
    }
}

/// Makes a device file like one that exists elsewhere.
pub(crate) fn copy_device(root: BorrowedFd<'_>, at: &str, of: &rustix::fs::Stat) -> io::Result<()> {
    let (parent, name) = at.rsplit_once('/').unwrap_or(("", at));
    let directory = ensure(root, parent, Kind::Directory)?;
    let kind = FileType::from_raw_mode(of.st_mode);
    let mode = Mode::from_raw_mode(of.st_mode);
    match rustix::fs::mknodat(&directory, name, kind, mode, of.st_rdev) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(e) => return Err(e),
    }
    let (uid, gid) = (
        rustix::fs::Uid::from_raw(of.st_uid),
        rustix::fs::Gid::from_raw(of.st_gid),
    );
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::chownat(&directory, name, Some(uid), Some(gid), flags)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn opened(dir: &std::path::Path) -> OwnedFd {
        fs::File::open(dir).unwrap().into()
    }

    #[test]
    fn a_link_that_points_outside_is_followed_inside() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("root/etc")).unwrap();
        symlink("../../../../etc", dir.path().join("root/evil")).unwrap();
        let root = opened(&dir.path().join("root"));
        ensure(root.as_fd(), "/evil/made", Kind::File).unwrap();
        assert!(dir.path().join("root/etc/made").is_file());
    }

    #[test]
    fn missing_directories_are_made_and_a_dangling_link_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let root = opened(dir.path());
        ensure(root.as_fd(), "/a/b/c", Kind::Directory).unwrap();
        assert!(dir.path().join("a/b/c").is_dir());
        symlink("/nowhere", dir.path().join("dangling")).unwrap();
        assert!(ensure(root.as_fd(), "/dangling", Kind::Directory).is_err());
        assert!(!dir.path().join("nowhere").exists());
    }
}
