//! Directories that a layer goes through without describing them look as they do below.
//!
//! In an overlay the topmost directory of a name gives the attributes. A layer that only removes
//! `var/cache/x` must therefore carry `var` and `var/cache` exactly as the lower layers have them.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use rustix::fs::Stat;
use rustix::io::Errno;

use super::tree::Tree;
use super::{UnpackError, attributes};
use crate::archive::Attributes;

/// Gives implied directories the attributes that they have in the lower layers, topmost first.
pub(crate) fn adopt(
    root: &Path,
    implied: &BTreeSet<PathBuf>,
    lower: &[PathBuf],
) -> Result<(), UnpackError> {
    let failed = |path: &Path, step| {
        let path = path.to_string_lossy().into_owned();
        move |source| UnpackError::Entry { path, step, source }
    };
    let tree = Tree::open(root).map_err(failed(root, "open the directory"))?;
    let lower = lower
        .iter()
        .map(|dir| Tree::open(dir).map_err(failed(dir, "open a lower layer")));
    let lower: Vec<Tree> = lower.collect::<Result<_, _>>()?;
    for path in implied {
        let attributes = below(&lower, path).map_err(failed(path, "look at lower layers"))?;
        let given = |wanted: Attributes| -> io::Result<()> {
            let dir = tree.own_dir(path)?;
            attributes::set(dir.as_fd(), &wanted)?;
            attributes::set_time(dir.as_fd(), wanted.modified)
        };
        attributes
            .map_or(Ok(()), given)
            .map_err(failed(path, "set attributes"))?;
    }
    Ok(())
}

/// The attributes of the topmost directory of this path, unless something else hides it.
fn below(lower: &[Tree], path: &Path) -> io::Result<Option<Attributes>> {
    for tree in lower {
        match tree.own_dir(path) {
            Ok(dir) => return Ok(Some(attributes(&rustix::fs::fstat(&dir)?))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // A file, a link or a whiteout: nothing of this name shows from further below.
            Err(error) if is_hidden(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn is_hidden(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    [Errno::NOTDIR, Errno::LOOP]
        .iter()
        .any(|hides| code == Some(hides.raw_os_error()))
}

fn attributes(found: &Stat) -> Attributes {
    Attributes {
        mode: found.st_mode & 0o7777,
        uid: found.st_uid,
        gid: found.st_gid,
        modified: (
            found.st_mtime,
            u32::try_from(found.st_mtime_nsec).unwrap_or_default(),
        ),
        xattrs: Vec::new(),
    }
}
