//! The directory being filled, as a root that nothing leads out of.
//!
//! Directories are opened by the kernel with this root as `/`, so symbolic links inside the layer
//! work as they will in the container, and cannot reach anything else. The last component is never
//! followed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat, XattrFlags};
use rustix::io::Errno;

const OPAQUE: &str = "trusted.overlay.opaque";

pub(super) struct Tree {
    root: OwnedFd,
    /// The parent opened last: entries of one directory follow each other.
    last: Option<(PathBuf, OwnedFd)>,
    implied: BTreeSet<PathBuf>,
}

impl Tree {
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(root, flags, Mode::empty())?;
        Ok(Self {
            root,
            last: None,
            implied: BTreeSet::from([PathBuf::new()]),
        })
    }

    pub(super) fn into_implied(self) -> BTreeSet<PathBuf> {
        self.implied
    }

    /// Takes note that the layer describes this directory itself.
    pub(super) fn described(&mut self, path: &Path) {
        self.implied.remove(path);
    }

    /// Opens a directory that is there.
    pub(super) fn dir(&self, path: &Path) -> io::Result<OwnedFd> {
        self.resolve(path, ResolveFlags::empty())
    }

    /// Opens a directory that is there, with no symbolic link on the way.
    pub(super) fn own_dir(&self, path: &Path) -> io::Result<OwnedFd> {
        self.resolve(path, ResolveFlags::NO_SYMLINKS)
    }

    fn resolve(&self, path: &Path, more: ResolveFlags) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let inside = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        // The kernel asks to try again when something was renamed meanwhile anywhere.
        loop {
            match rustix::fs::openat2(&self.root, path, flags, Mode::empty(), inside | more) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                result => return Ok(result?),
            }
        }
    }

    /// The directory that holds this path; it is made if it is not there.
    pub(super) fn parent(&mut self, path: &Path) -> io::Result<BorrowedFd<'_>> {
        let parent = path.parent().unwrap_or(Path::new(""));
        if self.last.as_ref().is_none_or(|(last, _)| last != parent) {
            let found = match self.dir(parent) {
                Err(error) if may_be_made(&error) => self.make_all(parent)?,
                result => result?,
            };
            self.last = Some((parent.to_owned(), found));
        }
        let (_, dir) = self.last.as_ref().expect("it was set just now");
        Ok(dir.as_fd())
    }

    fn make_all(&mut self, path: &Path) -> io::Result<OwnedFd> {
        let mut dir = self.dir(Path::new(""))?;
        let mut prefix = PathBuf::new();
        for component in path {
            prefix.push(component);
            dir = match self.dir(&prefix) {
                Err(error) if may_be_made(&error) => {
                    make_dir(dir.as_fd(), component)?;
                    self.implied.insert(prefix.clone());
                    self.dir(&prefix)?
                }
                result => result?,
            };
        }
        Ok(dir)
    }

    /// Removes what an entry replaces, and says whether it was a whiteout.
    pub(super) fn clear(&mut self, path: &Path, name: &OsStr) -> io::Result<bool> {
        let dir = self.parent(path)?;
        let Some(found) = stat(dir, name)? else {
            return Ok(false);
        };
        if FileType::from_raw_mode(found.st_mode) == FileType::Directory {
            fs::remove_dir_all(through(dir, name))?;
            // What was open may have been below, and what was implied may be gone.
            self.last = None;
            self.implied.retain(|implied| !implied.starts_with(path));
            return Ok(false);
        }
        rustix::fs::unlinkat(dir, name, AtFlags::empty())?;
        // Another entry may have led through this one, had it been a link.
        let whiteout = is_whiteout(&found);
        self.last = None;
        Ok(whiteout)
    }
}

/// A missing directory can be made; so can one whose place a whiteout took.
fn may_be_made(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Makes a directory. One that takes the place of a whiteout hides what is below.
pub(super) fn make_dir(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    let mode = Mode::from_raw_mode(0o755);
    match stat(parent, name)? {
        Some(found) if is_whiteout(&found) => {
            rustix::fs::unlinkat(parent, name, AtFlags::empty())?;
            rustix::fs::mkdirat(parent, name, mode)?;
            make_opaque(open_child(parent, name)?.as_fd())
        }
        _ => Ok(rustix::fs::mkdirat(parent, name, mode)?),
    }
}

/// Opens a directory of this very name, not one that a link leads to.
pub(super) fn open_child(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(parent, name, flags, Mode::empty())?)
}

/// What is there under this name, without following it.
pub(super) fn stat(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<Option<Stat>> {
    match rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn is_dir(found: &Stat) -> bool {
    FileType::from_raw_mode(found.st_mode) == FileType::Directory
}

/// Overlayfs hides a name that is a character device of number 0:0.
pub(super) fn is_whiteout(found: &Stat) -> bool {
    FileType::from_raw_mode(found.st_mode) == FileType::CharacterDevice && found.st_rdev == 0
}

pub(super) fn make_whiteout(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    let device = rustix::fs::makedev(0, 0);
    Ok(rustix::fs::mknodat(
        dir,
        name,
        FileType::CharacterDevice,
        Mode::empty(),
        device,
    )?)
}

pub(super) fn make_opaque(dir: BorrowedFd<'_>) -> io::Result<()> {
    Ok(rustix::fs::fsetxattr(
        dir,
        OPAQUE,
        b"y",
        XattrFlags::empty(),
    )?)
}

/// A path to a name in an open directory, for calls that know only paths. The directory cannot be
/// exchanged meanwhile, and the name is not followed by the calls that this is for.
pub(super) fn through(dir: BorrowedFd<'_>, name: &OsStr) -> PathBuf {
    let mut path = String::from("/proc/self/fd/");
    write!(path, "{}", dir.as_raw_fd()).expect("a string takes any text");
    Path::new(&path).join(OsStr::from_bytes(name.as_bytes()))
}
