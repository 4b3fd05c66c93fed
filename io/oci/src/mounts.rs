//! Carries out the steps of a plan that build a file system.
//!
//! Works on descriptors from first to last: a mount is made detached, then moved onto what a path
//! inside the root led to. All of it happens in the mount namespace of the new process, so the
//! node never sees it and its end needs no cleaning up.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use gantry_kubelet::sandbox::Propagation;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::{self, Errno};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags,
    OpenTreeFlags, UnmountFlags, fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount,
    fsopen, mount_change, move_mount, open_tree,
};

use crate::plan::Attributes;
use crate::root::{self, Kind};
use crate::sys::{self, MountChange};

/// Trees held for a later bind, by the destination that they are for.
pub(crate) type Held = BTreeMap<String, OwnedFd>;

/// Holds a file or directory, and the mounts below it, as they are now.
pub(crate) fn hold(source: &Path) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    open_tree(CWD, source, flags)
}

/// Cuts this namespace off: it still hears of the node's mounts, and tells it nothing.
pub(crate) fn isolate() -> io::Result<()> {
    let flags = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    mount_change("/", flags)
}

/// Mounts layers below a writable one, and returns the resulting root.
///
/// The layers are named by descriptors: short whatever their paths, of which the kernel takes one
/// page, and free of the characters that mean something in options.
pub(crate) fn overlay(layers: &[PathBuf], scratch: &Path) -> io::Result<OwnedFd> {
    let [upper, work, at] = ["upper", "work", "rootfs"].map(|name| scratch.join(name));
    let directory = |path: &Path| {
        rustix::fs::open(
            path,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
    };
    let lower = layers
        .iter()
        .map(|l| directory(l))
        .collect::<io::Result<Vec<_>>>()?;
    let (upper, work) = (directory(&upper)?, directory(&work)?);
    let name = |fd: &OwnedFd| format!("/proc/self/fd/{}", fd.as_raw_fd());
    let lower: Vec<String> = lower.iter().map(name).collect();
    let (upper, work) = (name(&upper), name(&work));
    let options = format!(
        "lowerdir={},upperdir={upper},workdir={work}",
        lower.join(":")
    );
    let options = std::ffi::CString::new(options).map_err(|_| Errno::INVAL)?;
    let flags = MountFlags::NODEV;
    rustix::mount::mount("overlay", &at, "overlay", flags, Some(options.as_c_str()))?;
    directory(&at)
}

/// Mounts a file system of the kernel inside a root.
pub(crate) fn filesystem(
    root: BorrowedFd<'_>,
    kind: &str,
    at: &str,
    options: &[(&'static str, String)],
    attributes: Attributes,
) -> io::Result<()> {
    let target = root::ensure(root, at, Kind::Directory)?;
    let made = make(kind, options, attributes)?;
    attach(made.as_fd(), target.as_fd())
}

fn make(
    kind: &str,
    options: &[(&'static str, String)],
    attributes: Attributes,
) -> io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in options {
        if value.is_empty() {
            fsconfig_set_flag(&context, *key)?;
        } else {
            fsconfig_set_string(&context, *key, value.as_str())?;
        }
    }
    fsconfig_create(&context)?;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags(attributes))
}

fn flags(attributes: Attributes) -> MountAttrFlags {
    let named = [
        (attributes.readonly, MountAttrFlags::MOUNT_ATTR_RDONLY),
        (attributes.nosuid, MountAttrFlags::MOUNT_ATTR_NOSUID),
        (attributes.nodev, MountAttrFlags::MOUNT_ATTR_NODEV),
        (attributes.noexec, MountAttrFlags::MOUNT_ATTR_NOEXEC),
    ];
    let set = named.into_iter().filter(|(wanted, _)| *wanted);
    set.fold(MountAttrFlags::empty(), |all, (_, one)| all | one)
}

fn attach(mount: BorrowedFd<'_>, target: BorrowedFd<'_>) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, c"", target, c"", flags)
}

/// Puts a held tree in its place inside a root.
pub(crate) fn bind(
    root: BorrowedFd<'_>,
    tree: BorrowedFd<'_>,
    at: &str,
    attributes: Attributes,
    propagation: Propagation,
) -> io::Result<()> {
    restrict(tree, attributes, propagation)?;
    let target = root::ensure(root, at, Kind::of(tree)?)?;
    attach(tree, target.as_fd())
}

/// Attributes that protect the node hold for mounts below too; writing only when that was asked
/// for, since a read-only volume has never meant more than the volume itself.
fn restrict(
    tree: BorrowedFd<'_>,
    attributes: Attributes,
    propagation: Propagation,
) -> io::Result<()> {
    let shallow = Attributes {
        readonly: false,
        ..attributes
    };
    let propagation = match propagation {
        Propagation::Private => libc::MS_PRIVATE,
        Propagation::HostToContainer => libc::MS_SLAVE,
        Propagation::Bidirectional => libc::MS_SHARED,
    };
    let readonly = u64::from(MountAttrFlags::MOUNT_ATTR_RDONLY.bits());
    let everywhere = if attributes.recursive_readonly {
        readonly
    } else {
        0
    };
    let deep = MountChange {
        set: u64::from(flags(shallow).bits()) | everywhere,
        propagation,
        recursive: true,
    };
    let change = |change| {
        sys::mount_setattr(tree, change).map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))
    };
    change(deep)?;
    if attributes.readonly {
        change(MountChange {
            set: readonly,
            propagation: 0,
            recursive: false,
        })?;
    }
    Ok(())
}

/// Makes whatever is at a path of the root read-only; nothing when there is nothing.
pub(crate) fn readonly(root: BorrowedFd<'_>, at: &str) -> io::Result<()> {
    let Some(target) = existing(root, at)? else {
        return Ok(());
    };
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH;
    let tree = open_tree(&target, c"", flags)?;
    restrict(
        tree.as_fd(),
        Attributes::KERNEL_READONLY,
        Propagation::Private,
    )?;
    attach(tree.as_fd(), target.as_fd())
}

/// Hides whatever is at a path of the root; nothing when there is nothing.
pub(crate) fn mask(root: BorrowedFd<'_>, at: &str) -> io::Result<()> {
    let Some(target) = existing(root, at)? else {
        return Ok(());
    };
    let cover = match Kind::of(target.as_fd())? {
        Kind::Directory => make(
            "tmpfs",
            &[("size", "4k".into())],
            Attributes::KERNEL_READONLY,
        )?,
        Kind::File => hold(Path::new("/dev/null"))?,
    };
    attach(cover.as_fd(), target.as_fd())
}

fn existing(root: BorrowedFd<'_>, at: &str) -> io::Result<Option<OwnedFd>> {
    match root::find(root, at) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Makes the mounted root the only file system that this process knows.
pub(crate) fn enter(root: BorrowedFd<'_>) -> io::Result<()> {
    rustix::process::fchdir(root)?;
    // Both are the current directory: the old root comes to lie on top of the new one, and the
    // unmount takes it away from there.
    rustix::process::pivot_root(".", ".")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH)?;
    rustix::process::chdir("/")
}

/// Makes the mount that a descriptor stands for read-only, what is mounted below it excepted.
pub(crate) fn readonly_mount(root: BorrowedFd<'_>) -> io::Result<()> {
    let readonly = u64::from(MountAttrFlags::MOUNT_ATTR_RDONLY.bits());
    let change = MountChange {
        set: readonly,
        propagation: 0,
        recursive: false,
    };
    sys::mount_setattr(root, change).map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))
}

/// Gives a root every device file that the node has now.
pub(crate) fn copy_devices(root: BorrowedFd<'_>) -> io::Result<()> {
    let own = [
        "/dev/pts",
        "/dev/shm",
        "/dev/mqueue",
        "/dev/ptmx",
        "/dev/console",
    ]
    .map(Path::new);
    let mut directories = vec![PathBuf::from("/dev")];
    while let Some(directory) = directories.pop() {
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if own.contains(&path.as_path()) {
                continue;
            }
            copy_entry(root, path, &mut directories)?;
        }
    }
    Ok(())
}

fn copy_entry(
    root: BorrowedFd<'_>,
    path: PathBuf,
    directories: &mut Vec<PathBuf>,
) -> io::Result<()> {
    // What vanishes in between, or has a name that is no text, is no loss.
    let Ok(stat) = rustix::fs::lstat(&path) else {
        return Ok(());
    };
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind == FileType::Directory {
        directories.push(path);
        return Ok(());
    }
    let is_device = matches!(kind, FileType::CharacterDevice | FileType::BlockDevice);
    match path.to_str() {
        Some(at) if is_device => root::copy_device(root, at, &stat),
        _ => Ok(()),
    }
}

/// Mounts a hierarchy of the first version, which is named by its controllers.
pub(crate) fn cgroup_v1(
    root: BorrowedFd<'_>,
    at: &str,
    controllers: &[String],
    attributes: Attributes,
) -> io::Result<()> {
    let target = root::ensure(root, at, Kind::Directory)?;
    let context = fsopen("cgroup", FsOpenFlags::FSOPEN_CLOEXEC)?;
    controllers
        .iter()
        .try_for_each(|name| fsconfig_set_flag(&context, name.as_str()))?;
    fsconfig_create(&context)?;
    let made = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags(attributes))?;
    attach(made.as_fd(), target.as_fd())
}
