//! Unpacked layers by chain id, each a directory that overlayfs can stack.
//!
//! A chain id names a layer together with all below it, since directories that a layer only goes
//! through take their attributes from below. A layer under its final name is complete and on the
//! disk; each is made once.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::content::Content;
use crate::digest::Digest;
use crate::files::{self, FileError, at};
use crate::unpack::{self, Cancel, UnpackError, Unpacked};

/// The layers below one directory.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    dir: PathBuf,
    content: Content,
}

/// Why a layer is not there.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The file system did not do its part.
    #[error(transparent)]
    File(#[from] FileError),
    /// The layer's archive cannot be unpacked.
    #[error("unpack layer {layer}")]
    Unpack {
        /// The blob.
        layer: Digest,
        /// Why.
        source: UnpackError,
    },
}

/// A layer that is unpacked but not yet in its place. Dropped, it leaves nothing.
#[derive(Debug)]
pub(crate) struct Staged {
    dir: TempDir,
    blob: Digest,
    unpacked: Unpacked,
}

impl Layers {
    pub(crate) fn open(dir: &Path, content: Content) -> Result<Self, FileError> {
        let dir = dir.join("layers");
        files::private_dir(&dir)?;
        Ok(Self { dir, content })
    }

    /// Where the files of a layer are.
    pub(crate) fn path(&self, chain: &Digest) -> PathBuf {
        self.dir.join(chain.hex()).join("fs")
    }

    pub(crate) fn has(&self, chain: &Digest) -> bool {
        self.path(chain).is_dir()
    }

    /// Unpacks a blob that is in the store to the side.
    pub(crate) fn stage(
        &self,
        blob: &Digest,
        diff: &Digest,
        cancel: &Cancel,
    ) -> Result<Staged, LayerError> {
        let temporary = self.content.temporary();
        let dir = TempDir::new_in(temporary).map_err(at("write in", temporary))?;
        let root = dir.path().join("fs");
        fs::create_dir(&root).map_err(at("make directory", &root))?;
        let input = self.content.open_blob(blob)?;
        let unpacked =
            unpack::unpack(input, &root, diff, cancel).map_err(|source| LayerError::Unpack {
                layer: blob.clone(),
                source,
            })?;
        Ok(Staged {
            dir,
            blob: blob.clone(),
            unpacked,
        })
    }

    /// Puts an unpacked layer in its place above these, lowest first. Somebody else may have been
    /// quicker; then theirs stays.
    pub(crate) fn settle(
        &self,
        staged: Staged,
        chain: &Digest,
        below: &[Digest],
    ) -> Result<(), LayerError> {
        let lower: Vec<PathBuf> = below.iter().rev().map(|chain| self.path(chain)).collect();
        unpack::adopt(
            &staged.dir.path().join("fs"),
            &staged.unpacked.implied,
            &lower,
        )
        .map_err(|source| LayerError::Unpack {
            layer: staged.blob.clone(),
            source,
        })?;
        self.sync(staged.dir.path())?;
        let place = self.dir.join(chain.hex());
        match fs::rename(staged.dir.path(), &place) {
            Err(error) if is_taken(&error) => return Ok(()),
            result => result.map_err(at("rename to", &place))?,
        }
        // The directory has moved; there is nothing left to clean up under the old name.
        drop(staged.dir.keep());
        Ok(files::sync_dir(&self.dir)?)
    }

    /// All layers that are there.
    pub(crate) fn all(&self) -> Result<BTreeSet<Digest>, FileError> {
        let entries = fs::read_dir(&self.dir).map_err(at("list", &self.dir))?;
        let name = |entry: io::Result<fs::DirEntry>| {
            let name = entry.map_err(at("list", &self.dir))?.file_name();
            Ok(name.to_str().and_then(Digest::from_hex))
        };
        entries.map(name).filter_map(Result::transpose).collect()
    }

    /// Removes a layer, first from its place, so that no half of it is ever taken for the whole.
    pub(crate) fn remove(&self, chain: &Digest) -> Result<(), FileError> {
        let place = self.dir.join(chain.hex());
        let aside = self
            .content
            .temporary()
            .join(format!("removed-{}", chain.hex()));
        fs::rename(&place, &aside).map_err(at("move aside", &place))?;
        fs::remove_dir_all(&aside).map_err(at("remove", &aside))
    }

    /// Thousands of files at once are cheaper to sync as a whole than one by one.
    fn sync(&self, dir: &Path) -> Result<(), FileError> {
        let file = File::open(dir).map_err(at("open", dir))?;
        rustix::fs::syncfs(&file).map_err(at("sync the file system of", dir))
    }
}

/// The chain ids of layers given by the digests of their unpacked archives, lowest first.
pub(crate) fn chain_ids(diffs: &[Digest]) -> Vec<Digest> {
    let mut chain: Vec<Digest> = Vec::with_capacity(diffs.len());
    for diff in diffs {
        let next = match chain.last() {
            Some(below) => Digest::of(format!("{below} {diff}").as_bytes()),
            None => diff.clone(),
        };
        chain.push(next);
    }
    chain
}

fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty
    )
}
