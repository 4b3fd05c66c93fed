//! The directories of a node's pods.
//!
//! `<root>/<uid>/volumes/<name>` is a volume, `<root>/<uid>/parts/<container>/<number>` a part of
//! one, mounted there so that nobody can exchange it afterwards. Others may keep more in a pod's
//! directory; it goes with the rest.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use gantry_kubelet::volume_content::{Content, MemoryLimit};

use crate::error::{VolumeError, at};
use crate::{content, host, mounts, sub_path};

/// The directories of a node's pods.
#[derive(Clone, Debug)]
pub struct Volumes {
    root: PathBuf,
}

/// A part of a volume that one container wants.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Where the volume is.
    pub volume: &'a Path,
    /// The path within it.
    pub sub_path: &'a str,
    /// The container.
    pub container: &'a str,
    /// The number of the mount among the container's.
    pub number: usize,
}

impl Volumes {
    /// The pods' directories in `root`, which is made if it is not there.
    ///
    /// # Errors
    /// The directory cannot be used.
    pub fn open(root: &Path) -> Result<Self, VolumeError> {
        fs::create_dir_all(root).map_err(at("make", root))?;
        let private = Permissions::from_mode(0o700);
        fs::set_permissions(root, private).map_err(at("protect", root))?;
        // Paths are compared with those that the kernel knows.
        let root = root.canonicalize().map_err(at("find", root))?;
        Ok(Self { root })
    }

    /// The uids of the pods that have a directory.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn pods(&self) -> Result<BTreeSet<String>, VolumeError> {
        let entries = fs::read_dir(&self.root).map_err(at("list", &self.root))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.collect())
    }

    /// The directory of one pod.
    #[must_use]
    pub fn pod(&self, uid: &str) -> PathBuf {
        self.root.join(uid)
    }

    /// Puts a volume in place, or makes it what it should be by now; returns where it is.
    ///
    /// # Errors
    /// The file system refuses, or a path of the node is not what it should be.
    pub fn put(&self, uid: &str, name: &str, content: &Content) -> Result<PathBuf, VolumeError> {
        if let Content::Host { path, kind } = content {
            return host::check(Path::new(path), kind);
        }
        let dir = self.pod(uid).join("volumes").join(name);
        fs::create_dir_all(&dir).map_err(at("make", &dir))?;
        match content {
            Content::Empty { memory, group } => empty(&dir, *memory, *group)?,
            Content::Files(files) => content::put(&dir, files)?,
            Content::Host { .. } => {}
        }
        Ok(dir)
    }

    /// Mounts a part of a volume where nobody can exchange it; returns where that is. A directory
    /// is made when nothing is there.
    ///
    /// # Errors
    /// The path cannot be followed without leaving the volume, or cannot be mounted.
    pub fn part(&self, uid: &str, part: Part<'_>) -> Result<PathBuf, VolumeError> {
        let number = part.number.to_string();
        let at = self
            .pod(uid)
            .join("parts")
            .join(part.container)
            .join(number);
        sub_path::mount(part.volume, part.sub_path, &at)?;
        Ok(at)
    }

    /// Takes away everything that is left of a pod. Succeeds if there is nothing.
    ///
    /// # Errors
    /// Something cannot be unmounted or removed.
    pub fn remove(&self, uid: &str) -> Result<(), VolumeError> {
        let dir = self.pod(uid);
        mounts::unmount_below(&dir)?;
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", &dir)(error)),
            _ => Ok(()),
        }
    }
}

/// Everybody in the pod may write there.
fn empty(dir: &Path, memory: Option<MemoryLimit>, group: Option<u32>) -> Result<(), VolumeError> {
    if let Some(MemoryLimit(limit)) = memory {
        mounts::memory(dir, limit)?;
    }
    let mode = if group.is_some() { 0o2777 } else { 0o777 };
    chown(dir, None, group).map_err(at("give away", dir))?;
    fs::set_permissions(dir, Permissions::from_mode(mode)).map_err(at("open up", dir))
}

#[cfg(test)]
mod tests;
