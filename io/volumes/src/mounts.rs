//! Mounts below a pod's directory: made, found again, taken away.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::error::{VolumeError, at};

/// Mounts memory at `dir`, at most `limit` bytes of it, unless that was done before.
pub(crate) fn memory(dir: &Path, limit: Option<u64>) -> Result<(), VolumeError> {
    if is_mounted(dir)? {
        return Ok(());
    }
    let size = limit.map_or_else(String::new, |bytes| format!(",size={bytes}"));
    let options = CString::new(format!("mode=0777{size}")).expect("numbers contain no zero byte");
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", dir, "tmpfs", flags, options.as_c_str()).map_err(at("mount memory at", dir))
}

/// Whether something is mounted at `path`, on another file system than what surrounds it.
fn is_mounted(path: &Path) -> Result<bool, VolumeError> {
    let own = fs::metadata(path).map_err(at("look at", path))?;
    let parent = path.parent().unwrap_or(path);
    let around = fs::metadata(parent).map_err(at("look at", parent))?;
    Ok(own.dev() != around.dev())
}

/// Unmounts everything below `dir`, the latest first.
pub(crate) fn unmount_below(dir: &Path) -> Result<(), VolumeError> {
    if !dir.exists() {
        return Ok(());
    }
    for point in below(dir)?.into_iter().rev() {
        unmount(&point, UnmountFlags::DETACH).map_err(at("unmount", &point))?;
    }
    // What is removed next must not be somebody else's.
    match below(dir)?.pop() {
        Some(mount) => Err(VolumeError::Mounted {
            path: dir.to_owned(),
            mount,
        }),
        None => Ok(()),
    }
}

/// The places below `dir` where something is mounted, in the order in which that was done.
pub(crate) fn below(dir: &Path) -> Result<Vec<PathBuf>, VolumeError> {
    let table = Path::new("/proc/self/mountinfo");
    let text = fs::read(table).map_err(at("read", table))?;
    let lines = text.split(|byte| *byte == b'\n');
    let points = lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    let points = points.map(|point| PathBuf::from(std::ffi::OsString::from_vec(plain(point))));
    Ok(points.filter(|point| point.starts_with(dir)).collect())
}

/// The kernel writes blanks and the like as `\040`.
fn plain(escaped: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((first, more)) = rest.split_first() {
        let digits = more
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match byte {
            Some(byte) if *first == b'\\' => {
                out.push(byte);
                rest = &more[3..];
            }
            _ => {
                out.push(*first);
                rest = more;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_blanks_are_read_as_they_are() {
        assert_eq!(plain(br"/a\040b\134c"), b"/a b\\c");
        assert_eq!(plain(br"/a\04"), br"/a\04");
    }
}
