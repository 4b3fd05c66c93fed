//! One entry after the other becomes a file, a link, a device, or a mark for overlayfs.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};

use super::path::{Mark, mark, plain};
use super::tree::{self, Tree};
use super::{UnpackError, Unpacked, attributes};
use crate::archive::{Attributes, Entry, Kind};

pub(super) struct Applier {
    tree: Tree,
    /// Directories get their time last: everything put into them would move it.
    times: Vec<(PathBuf, (i64, u32))>,
}

impl Applier {
    pub(super) fn new(root: &Path) -> Result<Self, UnpackError> {
        let tree = Tree::open(root).map_err(failed(root, "open the directory"))?;
        Ok(Self {
            tree,
            times: Vec::new(),
        })
    }

    pub(super) fn apply(&mut self, entry: &Entry, data: &mut impl Read) -> Result<(), UnpackError> {
        let path = plain(&entry.path)?;
        match mark(&path)? {
            Mark::Ignored => Ok(()),
            Mark::Opaque => self
                .opaque(&path)
                .map_err(failed(&path, "hide what is below")),
            Mark::Whiteout(name) => {
                let gone = path.with_file_name(name);
                self.whiteout(&gone, name)
                    .map_err(failed(&path, "make a whiteout"))
            }
            Mark::None => self.ordinary(&path, entry, data),
        }
    }

    pub(super) fn finish(self) -> Result<Unpacked, UnpackError> {
        for (path, modified) in self.times.iter().rev() {
            match self.tree.own_dir(path) {
                Ok(dir) => attributes::set_time(dir.as_fd(), *modified)
                    .map_err(failed(path, "set the time"))?,
                // A later entry replaced the directory.
                Err(_) => tracing::debug!(path = %path.display(), "directory was replaced"),
            }
        }
        Ok(Unpacked {
            implied: self.tree.into_implied(),
        })
    }

    fn ordinary(
        &mut self,
        path: &Path,
        entry: &Entry,
        data: &mut impl Read,
    ) -> Result<(), UnpackError> {
        let wanted = &entry.attributes;
        let Some(name) = path.file_name().map(OsStr::to_owned) else {
            return self.root(entry);
        };
        match &entry.kind {
            Kind::Directory => self.directory(path, &name, wanted),
            Kind::File => return self.file(path, &name, wanted, data),
            Kind::Symlink { target } => self.symlink(path, &name, target, wanted),
            Kind::Hardlink { target } => return self.hardlink(path, &name, &plain(target)?),
            Kind::Fifo => self.node(path, &name, (FileType::Fifo, 0, 0), wanted),
            Kind::Character { major, minor } => self.node(
                path,
                &name,
                (FileType::CharacterDevice, *major, *minor),
                wanted,
            ),
            Kind::Block { major, minor } => {
                self.node(path, &name, (FileType::BlockDevice, *major, *minor), wanted)
            }
        }
        .map_err(failed(path, "make it"))
    }

    fn root(&mut self, entry: &Entry) -> Result<(), UnpackError> {
        let path = Path::new("");
        if entry.kind != Kind::Directory {
            return Err(UnpackError::Path {
                path: "/".into(),
                fault: "the root must be a directory",
            });
        }
        let dir = self.tree.dir(path).map_err(failed(path, "open the root"))?;
        attributes::set(dir.as_fd(), &entry.attributes).map_err(failed(path, "set attributes"))?;
        self.described(path, &entry.attributes);
        Ok(())
    }

    fn described(&mut self, path: &Path, wanted: &Attributes) {
        self.tree.described(path);
        self.times.push((path.to_owned(), wanted.modified));
    }

    fn directory(&mut self, path: &Path, name: &OsStr, wanted: &Attributes) -> io::Result<()> {
        let there = tree::stat(self.tree.parent(path)?, name)?;
        if !there.as_ref().is_some_and(tree::is_dir) {
            let hides = self.tree.clear(path, name)?;
            let parent = self.tree.parent(path)?;
            tree::make_dir(parent, name)?;
            if hides {
                tree::make_opaque(tree::open_child(parent, name)?.as_fd())?;
            }
        }
        let dir = tree::open_child(self.tree.parent(path)?, name)?;
        attributes::set(dir.as_fd(), wanted)?;
        self.described(path, wanted);
        Ok(())
    }

    fn file(
        &mut self,
        path: &Path,
        name: &OsStr,
        wanted: &Attributes,
        data: &mut impl Read,
    ) -> Result<(), UnpackError> {
        self.tree
            .clear(path, name)
            .map_err(failed(path, "replace what was there"))?;
        let parent = self
            .tree
            .parent(path)
            .map_err(failed(path, "open its directory"))?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(parent, name, flags, Mode::from_raw_mode(0o600))
            .map_err(|error| failed(path, "make it")(error.into()))?;
        let mut file = std::fs::File::from(file);
        io::copy(data, &mut file).map_err(failed(path, "write it"))?;
        attributes::set(file.as_fd(), wanted).map_err(failed(path, "set attributes"))?;
        attributes::set_time(file.as_fd(), wanted.modified).map_err(failed(path, "set the time"))
    }

    fn symlink(
        &mut self,
        path: &Path,
        name: &OsStr,
        target: &[u8],
        wanted: &Attributes,
    ) -> io::Result<()> {
        self.tree.clear(path, name)?;
        let parent = self.tree.parent(path)?;
        rustix::fs::symlinkat(OsStr::from_bytes(target), parent, name)?;
        attributes::set_named(parent, name, wanted, true)
    }

    fn hardlink(&mut self, path: &Path, name: &OsStr, target: &Path) -> Result<(), UnpackError> {
        let there = failed(path, "find what it is a link to");
        let Some(target_name) = target.file_name().map(OsStr::to_owned) else {
            let path = path.to_string_lossy().into_owned();
            return Err(UnpackError::Path {
                path,
                fault: "it is a link to the root",
            });
        };
        if target == path {
            return Ok(());
        }
        let from = self
            .tree
            .dir(target.parent().unwrap_or(Path::new("")))
            .map_err(there)?;
        let link = |tree: &mut Tree| -> io::Result<()> {
            tree.clear(path, name)?;
            let parent = tree.parent(path)?;
            Ok(rustix::fs::linkat(
                &from,
                &target_name,
                parent,
                name,
                AtFlags::empty(),
            )?)
        };
        link(&mut self.tree).map_err(failed(path, "link it"))
    }

    fn node(
        &mut self,
        path: &Path,
        name: &OsStr,
        (kind, major, minor): (FileType, u32, u32),
        wanted: &Attributes,
    ) -> io::Result<()> {
        self.tree.clear(path, name)?;
        let parent = self.tree.parent(path)?;
        let device = rustix::fs::makedev(major, minor);
        rustix::fs::mknodat(parent, name, kind, Mode::from_raw_mode(wanted.mode), device)?;
        attributes::set_named(parent, name, wanted, false)
    }

    fn opaque(&mut self, path: &Path) -> io::Result<()> {
        tree::make_opaque(self.tree.parent(path)?)
    }

    /// A whiteout speaks about lower layers only: what this layer itself has under the name stays.
    fn whiteout(&mut self, path: &Path, name: &OsStr) -> io::Result<()> {
        let parent = self.tree.parent(path)?;
        match tree::stat(parent, name)? {
            None => tree::make_whiteout(parent, name),
            Some(found) if tree::is_dir(&found) => {
                tree::make_opaque(tree::open_child(parent, name)?.as_fd())
            }
            Some(_) => Ok(()),
        }
    }
}

fn failed(path: &Path, step: &'static str) -> impl FnOnce(io::Error) -> UnpackError + use<> {
    let path: OsString = path.as_os_str().to_owned();
    move |source| UnpackError::Entry {
        path: path.to_string_lossy().into_owned(),
        step,
        source,
    }
}
