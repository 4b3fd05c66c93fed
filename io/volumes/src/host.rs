//! Paths of the node, checked against what a pod believes they are.

use std::fs::{self, DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{VolumeError, at};

/// The path, once it is what `kind` says.
pub(crate) fn check(path: &Path, kind: &str) -> Result<PathBuf, VolumeError> {
    let found = fs::metadata(path).ok().map(|metadata| metadata.file_type());
    let (is_right, expected) = match kind {
        "" | "DirectoryOrCreate" if found.is_none() => {
            make_dir(path)?;
            (true, "directory")
        }
        "FileOrCreate" if found.is_none() => {
            make_file(path)?;
            (true, "file")
        }
        "" => (true, "path"),
        "Directory" | "DirectoryOrCreate" => (found.is_some_and(|t| t.is_dir()), "directory"),
        "File" | "FileOrCreate" => (found.is_some_and(|t| t.is_file()), "file"),
        "Socket" => (found.is_some_and(|t| t.is_socket()), "socket file"),
        "CharDevice" => (
            found.is_some_and(|t| t.is_char_device()),
            "character device",
        ),
        "BlockDevice" => (found.is_some_and(|t| t.is_block_device()), "block device"),
        other => return Err(VolumeError::HostPathType(other.to_owned())),
    };
    let path = path.to_owned();
    if is_right {
        Ok(path)
    } else {
        Err(VolumeError::HostPath { path, expected })
    }
}

fn make_dir(path: &Path) -> Result<(), VolumeError> {
    let made = DirBuilder::new().recursive(true).mode(0o755).create(path);
    made.map_err(at("make", path))
}

fn make_file(path: &Path) -> Result<(), VolumeError> {
    File::create_new(path).map_err(at("make", path))?;
    fs::set_permissions(path, Permissions::from_mode(0o644)).map_err(at("protect", path))
}
