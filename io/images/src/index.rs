//! The list of images: which names lead to which image, and what each image consists of.
//!
//! The list is one small file, replaced as a whole under a lock, so that several processes can share
//! the store. It carries a version; a newer one is refused. A reader looks whether the file was
//! replaced, and reads it again only then.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::files::{self, FileError, Lock, at};
use crate::image::ImageId;

/// The version of the list's form that this program writes and reads.
const VERSION: u32 = 1;

/// One image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) manifest: Digest,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<Timestamp>,
    /// Lowest first.
    pub(crate) layers: Vec<LayerRecord>,
    #[serde(default)]
    pub(crate) repo_digests: BTreeSet<String>,
}

/// One layer: as published and as unpacked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerRecord {
    pub(crate) blob: Digest,
    pub(crate) chain: Digest,
}

/// All images, by id and by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listing {
    version: u32,
    pub(crate) images: BTreeMap<ImageId, Record>,
    pub(crate) refs: BTreeMap<String, ImageId>,
}

/// Why the list cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file system did not do its part.
    #[error(transparent)]
    File(#[from] FileError),
    /// A newer program wrote it.
    #[error(
        "use the images listed in {path}: a newer version of this program wrote them \
         (form {found}; this one knows {VERSION}); use that version again"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The form that it has.
        found: u32,
    },
    /// It is not what this program writes.
    #[error("read {path}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
}

/// The file that holds the list.
#[derive(Debug)]
pub(crate) struct Index {
    path: PathBuf,
    lock: PathBuf,
    temporary: PathBuf,
    /// What was read last, and from which file. Protects nothing else.
    cache: Mutex<Option<(Mark, Arc<Listing>)>>,
}

/// Tells one state of the file from another.
type Mark = (u64, u64, i64, i64);

impl Index {
    pub(crate) fn new(dir: &Path, temporary: &Path) -> Self {
        Self {
            path: dir.join("index.json"),
            lock: dir.join("index.lock"),
            temporary: temporary.to_owned(),
            cache: Mutex::new(None),
        }
    }

    /// The list as it is now.
    pub(crate) fn read(&self) -> Result<Arc<Listing>, IndexError> {
        let mark = match fs::metadata(&self.path) {
            Ok(found) => mark(&found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Arc::default()),
            Err(error) => return Err(at("look at", &self.path)(error).into()),
        };
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, listing)) = cache.as_ref().filter(|(cached, _)| *cached == mark) {
            return Ok(Arc::clone(listing));
        }
        let listing = Arc::new(self.parse()?);
        *cache = Some((mark, Arc::clone(&listing)));
        Ok(listing)
    }

    /// Changes the list; nobody else does meanwhile. Without a change nothing is written.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Listing) -> T,
    ) -> Result<T, IndexError> {
        let _lock = Lock::exclusive(&self.lock)?;
        let before = self.read()?;
        let mut listing = Listing::clone(&before);
        let outcome = change(&mut listing);
        if listing != *before {
            listing.version = VERSION;
            let bytes =
                serde_json::to_vec_pretty(&listing).map_err(|source| IndexError::Damaged {
                    path: self.path.clone(),
                    source,
                })?;
            files::replace(&self.path, &bytes, &self.temporary)?;
        }
        Ok(outcome)
    }

    /// Puts a list that cannot be read aside, so that the images can be pulled again.
    pub(crate) fn set_aside(&self) -> Result<PathBuf, FileError> {
        let aside = self.path.with_extension("json.damaged");
        fs::rename(&self.path, &aside).map_err(at("rename", &self.path))?;
        Ok(aside)
    }

    fn parse(&self) -> Result<Listing, IndexError> {
        let bytes = fs::read(&self.path).map_err(at("read", &self.path))?;
        let damaged = |source| IndexError::Damaged {
            path: self.path.clone(),
            source,
        };
        let form: Form = serde_json::from_slice(&bytes).map_err(damaged)?;
        if form.version > VERSION {
            return Err(IndexError::Newer {
                path: self.path.clone(),
                found: form.version,
            });
        }
        serde_json::from_slice(&bytes).map_err(damaged)
    }
}

#[derive(Deserialize)]
struct Form {
    version: u32,
}

fn mark(found: &Metadata) -> Mark {
    (found.ino(), found.size(), found.mtime(), found.mtime_nsec())
}

impl Listing {
    /// The names that lead to an image.
    pub(crate) fn names_of(&self, id: &ImageId) -> Vec<String> {
        let names = self.refs.iter().filter(|(_, target)| *target == id);
        names.map(|(name, _)| name.clone()).collect()
    }

    /// Adds an image, or what is newly known about one.
    pub(crate) fn add(&mut self, id: &ImageId, record: Record) {
        let known = self
            .images
            .remove(id)
            .map(|known| known.repo_digests)
            .unwrap_or_default();
        let mut record = record;
        record.repo_digests.extend(known);
        self.images.insert(id.clone(), record);
    }

    /// Forgets images, with the names that lead to them.
    pub(crate) fn forget(&mut self, doomed: &BTreeSet<ImageId>) {
        self.images.retain(|id, _| !doomed.contains(id));
        self.refs.retain(|_, id| !doomed.contains(id));
    }

    /// All blobs that some image needs.
    pub(crate) fn blobs(&self) -> BTreeSet<Digest> {
        let of = |(id, record): (&ImageId, &Record)| {
            let layers = record.layers.iter().map(|layer| layer.blob.clone());
            layers
                .chain([id.0.clone(), record.manifest.clone()])
                .collect::<Vec<_>>()
        };
        self.images.iter().flat_map(of).collect()
    }

    /// All unpacked layers that some image needs.
    pub(crate) fn chains(&self) -> BTreeSet<Digest> {
        let layers = self.images.values().flat_map(|record| &record.layers);
        layers.map(|layer| layer.chain.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_list_is_refused_and_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::new(dir.path(), dir.path());
        let text = r#"{"version": 2, "pictures": []}"#;
        fs::write(dir.path().join("index.json"), text).unwrap();
        assert!(matches!(
            index.read(),
            Err(IndexError::Newer { found: 2, .. })
        ));
        assert!(matches!(
            index.change(|_| ()),
            Err(IndexError::Newer { found: 2, .. })
        ));
        assert_eq!(
            fs::read_to_string(dir.path().join("index.json")).unwrap(),
            text
        );
    }

    #[test]
    fn what_another_process_writes_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let [one, two] = [(); 2].map(|()| Index::new(dir.path(), dir.path()));
        let id = ImageId(Digest::of(b"id"));
        assert!(one.read().unwrap().refs.is_empty());
        for name in ["a", "b", "c"] {
            two.change(|listing| listing.refs.insert(name.to_owned(), id.clone()))
                .unwrap();
            assert!(one.read().unwrap().refs.contains_key(name));
        }
        assert_eq!(one.read().unwrap().names_of(&id), ["a", "b", "c"]);
    }
}
