//! Parts of volumes, found without ever leaving the volume.
//!
//! Whoever writes into a volume may put links there, and may exchange them at any moment. So the
//! kernel walks the path, with the volume as its root, and what it found is mounted by descriptor.

use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, mkdirat, open, openat2};
use rustix::io::Errno;
use rustix::mount::mount_bind_recursive;

use crate::error::{VolumeError, at};
use crate::mounts;

/// Directories that are made on the way are open to whoever the volume is open to.
const MADE: Mode = Mode::from_raw_mode(0o755);

/// Mounts `sub_path` of `volume` at `target`, unless that was done before.
pub(crate) fn mount(volume: &Path, sub_path: &str, target: &Path) -> Result<(), VolumeError> {
    if mounts::below(target)?.iter().any(|point| point == target) {
        return Ok(());
    }
    let failed = |source: Errno| VolumeError::SubPath {
        sub_path: sub_path.to_owned(),
        volume: volume.to_owned(),
        source: source.into(),
    };
    let found = find(volume, sub_path).map_err(failed)?;
    let source = PathBuf::from(format!("/proc/self/fd/{}", found.as_raw_fd()));
    prepare(target, source.is_dir())?;
    mount_bind_recursive(&source, target).map_err(failed)
}

/// What is at `sub_path`; a directory is made when nothing is.
fn find(volume: &Path, sub_path: &str) -> Result<OwnedFd, Errno> {
    let root = open(volume, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    match within(&root, Path::new(sub_path)) {
        Err(Errno::NOENT) => {}
        found => return found,
    }
    let mut walked = PathBuf::new();
    for part in Path::new(sub_path) {
        let parent = within(&root, &walked)?;
        walked.push(part);
        match within(&root, &walked) {
            Err(Errno::NOENT) => match mkdirat(&parent, part, MADE) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
            Ok(_) => {}
        }
    }
    within(&root, &walked)
}

fn within(root: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    let path = if path == Path::new("") {
        Path::new(".")
    } else {
        path
    };
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    loop {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        match openat2(root, path, flags, Mode::empty(), resolve) {
            // The kernel asks to try again when something was renamed meanwhile.
            Err(Errno::AGAIN) => {}
            found => return found,
        }
    }
}

/// A mount needs something of its kind below it.
fn prepare(target: &Path, is_dir: bool) -> Result<(), VolumeError> {
    if is_dir {
        return fs::create_dir_all(target).map_err(at("make", target));
    }
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(at("make", parent))?;
    }
    File::create(target).map(drop).map_err(at("make", target))
}
