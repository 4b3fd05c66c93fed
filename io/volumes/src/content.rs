//! Files that change together, while others read them.
//!
//! `..data` leads to the directory of the present version; the names that programs open lead
//! through it. Exchanging that one link changes all of them at once.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown, symlink};
use std::path::Path;

use gantry_kubelet::volume_content::{File, Files};

use crate::error::{VolumeError, at};
use crate::mounts;

/// The link that is exchanged.
const CURRENT: &str = "..data";
/// Where the next one is made.
const NEXT: &str = "..data_tmp";
/// How the directories of versions begin.
const VERSION: &str = "..v";

/// Makes the volume at `dir` hold exactly `files`.
pub(crate) fn put(dir: &Path, files: &Files) -> Result<(), VolumeError> {
    if files.in_memory {
        mounts::memory(dir, None)?;
    }
    let mode = if files.group.is_some() { 0o2755 } else { 0o755 };
    let old = version(dir);
    if old.is_some() && is_same(&dir.join(CURRENT), files) {
        return Ok(());
    }
    own(dir, None, files.group, mode)?;
    let new = format!("{VERSION}{}", old.unwrap_or(0).wrapping_add(1));
    write_version(&dir.join(&new), files, mode)?;
    exchange(dir, &new)?;
    link_names(dir, files)?;
    remove_others(dir, &new)
}

/// The number of the present version.
fn version(dir: &Path) -> Option<u64> {
    let target = fs::read_link(dir.join(CURRENT)).ok()?;
    target.to_str()?.strip_prefix(VERSION)?.parse().ok()
}

/// Whether a version holds what it should. What cannot be read is not the same.
fn is_same(version: &Path, files: &Files) -> bool {
    let mut known = BTreeSet::new();
    let counted = names(version, Path::new(""), &mut known);
    let wanted: BTreeSet<String> = files.files.keys().cloned().collect();
    let holds = |(path, file): (&String, &File)| {
        let path = version.join(path);
        let Ok(metadata) = fs::metadata(&path) else {
            return false;
        };
        metadata.mode() & 0o7777 == mode(file, files.group)
            && metadata.uid() == file.user.unwrap_or(0)
            && files.group.is_none_or(|group| metadata.gid() == group)
            && fs::read(&path).is_ok_and(|bytes| bytes == file.bytes)
    };
    counted.is_some() && known == wanted && files.files.iter().all(holds)
}

fn names(root: &Path, below: &Path, all: &mut BTreeSet<String>) -> Option<()> {
    for entry in fs::read_dir(root.join(below)).ok()? {
        let entry = entry.ok()?;
        let path = below.join(entry.file_name());
        if entry.file_type().ok()?.is_dir() {
            names(root, &path, all)?;
        } else {
            all.insert(path.to_str()?.to_owned());
        }
    }
    Some(())
}

/// Those who share the volume's group may read all of it.
fn mode(file: &File, group: Option<u32>) -> u32 {
    file.mode | if group.is_some() { 0o440 } else { 0 }
}

fn write_version(version: &Path, files: &Files, dir_mode: u32) -> Result<(), VolumeError> {
    if version.exists() {
        fs::remove_dir_all(version).map_err(at("clear", version))?;
    }
    fs::create_dir(version).map_err(at("make", version))?;
    own(version, None, files.group, dir_mode)?;
    for (path, file) in &files.files {
        make_parents(version, Path::new(path), files.group, dir_mode)?;
        let path = version.join(path);
        let mut open = OpenOptions::new();
        let opened = open.write(true).create_new(true).mode(0o600).open(&path);
        let mut opened = opened.map_err(at("make", &path))?;
        opened.write_all(&file.bytes).map_err(at("write", &path))?;
        own(&path, file.user, files.group, mode(file, files.group))?;
    }
    Ok(())
}

fn make_parents(
    version: &Path,
    path: &Path,
    group: Option<u32>,
    mode: u32,
) -> Result<(), VolumeError> {
    let above: Vec<&Path> = path.ancestors().skip(1).collect();
    for dir in above.into_iter().rev().filter(|dir| *dir != Path::new("")) {
        let dir = version.join(dir);
        if !dir.exists() {
            fs::create_dir(&dir).map_err(at("make", &dir))?;
            own(&dir, None, group, mode)?;
        }
    }
    Ok(())
}

fn own(path: &Path, user: Option<u32>, group: Option<u32>, mode: u32) -> Result<(), VolumeError> {
    if user.is_some() || group.is_some() {
        chown(path, user, group).map_err(at("give away", path))?;
    }
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(at("protect", path))
}

fn exchange(dir: &Path, version: &str) -> Result<(), VolumeError> {
    let next = dir.join(NEXT);
    if next.symlink_metadata().is_ok() {
        fs::remove_file(&next).map_err(at("remove", &next))?;
    }
    symlink(version, &next).map_err(at("link", &next))?;
    let current = dir.join(CURRENT);
    fs::rename(&next, &current).map_err(at("exchange", &current))
}

/// The names at the top of the volume, each a link into the present version.
fn link_names(dir: &Path, files: &Files) -> Result<(), VolumeError> {
    let tops: BTreeSet<&str> = files
        .files
        .keys()
        .filter_map(|path| path.split('/').next())
        .collect();
    for name in &tops {
        let link = dir.join(name);
        if link.symlink_metadata().is_err() {
            symlink(Path::new(CURRENT).join(name), &link).map_err(at("link", &link))?;
        }
    }
    for name in entries(dir)? {
        if !name.starts_with("..") && !tops.contains(name.as_str()) {
            let link = dir.join(&name);
            if link.is_symlink() {
                fs::remove_file(&link).map_err(at("remove", &link))?;
            }
        }
    }
    Ok(())
}

fn remove_others(dir: &Path, version: &str) -> Result<(), VolumeError> {
    for name in entries(dir)? {
        if name.starts_with(VERSION) && name != version {
            let old = dir.join(&name);
            fs::remove_dir_all(&old).map_err(at("remove", &old))?;
        }
    }
    Ok(())
}

fn entries(dir: &Path) -> Result<Vec<String>, VolumeError> {
    let entries = fs::read_dir(dir).map_err(at("list", dir))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.collect())
}
