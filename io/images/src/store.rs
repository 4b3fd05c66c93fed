//! The image store: the face of this crate.
//!
//! [`Images`] is a handle; clones share everything. Several processes may work on one store: names
//! and records change under a lock, and content is only ever added under its digest. Only
//! [`Images::collect`] deletes content, and never while something is being added. An image is
//! listed only when all of it is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::content::{Content, ContentError};
use crate::digest::Digest;
use crate::files::{self, FileError, Lock, at, blocking};
use crate::flight::Flights;
use crate::image::{Image, ImageId, Rootfs};
use crate::index::{Index, IndexError, Listing, Record};
use crate::layers::{LayerError, Layers};
use crate::limits;
use crate::manifest::{self, ManifestError};
use crate::reference::Reference;
use crate::registries::Registries;
use crate::remote::Network;

mod add;
mod collect;
#[cfg(test)]
mod tests;

pub(crate) use add::NewImage;
pub use collect::Collected;

/// The images of one node.
#[derive(Clone, Debug)]
pub struct Images {
    pub(crate) shared: Arc<Shared>,
}

/// What all handles of a store share.
#[derive(Debug)]
pub(crate) struct Shared {
    dir: PathBuf,
    pub(crate) content: Content,
    pub(crate) layers: Layers,
    pub(crate) index: Index,
    pub(crate) registries: Registries,
    pub(crate) network: Network,
    pub(crate) flights: Flights,
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system did not do its part.
    #[error(transparent)]
    File(#[from] FileError),
    /// The list of images cannot be used.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Content cannot be stored or read.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// A layer cannot be unpacked.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A document of the image cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// There is no such image.
    #[error("find image {name:?}")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// Something is being pulled or imported, so nothing can be collected now.
    #[error("collect unused images while others are being added")]
    Busy,
}

impl Images {
    /// Opens the store in this directory, which is made if it is not there.
    ///
    /// What an interrupted run left is cleaned up, and images that are no longer whole are dropped
    /// from the list, so that they are pulled again. Blocks shortly.
    ///
    /// # Errors
    /// The directory cannot be used, or a newer program wrote it.
    pub fn open(dir: &Path, registries: Registries) -> Result<Self, StoreError> {
        files::private_dir(dir)?;
        let content = Content::open(dir)?;
        let layers = Layers::open(dir, content.clone())?;
        let index = Index::new(dir, content.temporary());
        let network = Network::new();
        let flights = Flights::default();
        let dir = dir.to_owned();
        let shared = Shared {
            dir,
            content,
            layers,
            index,
            registries,
            network,
            flights,
        };
        shared.recover()?;
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// All images, in the order of their ids.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn list(&self) -> Result<Vec<Image>, StoreError> {
        let listing = self.shared.index.read()?;
        Ok(listing
            .images
            .iter()
            .map(|(id, record)| image(&listing, id, record))
            .collect())
    }

    /// The image of a name, a repository with digest, or an id; also of the beginning of an id, if
    /// it is at least 12 digits and of only one image.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn get(&self, name: &str) -> Result<Option<Image>, StoreError> {
        let listing = self.shared.index.read()?;
        let found = find(&listing, name);
        Ok(found.and_then(|id| Some(image(&listing, &id, listing.images.get(&id)?))))
    }

    /// What a container of this image is made of.
    ///
    /// The directories stay until [`Images::collect`] is called without this id.
    ///
    /// # Errors
    /// There is no such image, or its configuration cannot be read.
    pub fn rootfs(&self, id: &ImageId) -> Result<Rootfs, StoreError> {
        let listing = self.shared.index.read()?;
        let unknown = || StoreError::Unknown {
            name: id.to_string(),
        };
        let record = listing.images.get(id).ok_or_else(unknown)?;
        let bytes = self.shared.content.read(&id.0, limits::CONFIG_BYTES)?;
        let config = manifest::parse_config(&bytes, record.layers.len())?.config;
        let layers = record.layers.iter().rev();
        let lower_dirs = layers
            .map(|layer| self.shared.layers.path(&layer.chain))
            .collect();
        Ok(Rootfs { lower_dirs, config })
    }

    /// Gives an image another name. A name that led elsewhere is moved.
    ///
    /// # Errors
    /// There is no image of the given name or id, or the list cannot be written.
    pub async fn tag(&self, name: &str, new: &Reference) -> Result<ImageId, StoreError> {
        let (name, new) = (name.to_owned(), new.to_string());
        self.change(move |listing| {
            let id = find(listing, &name).ok_or(StoreError::Unknown { name })?;
            listing.refs.insert(new, id.clone());
            Ok(id)
        })
        .await
    }

    /// Takes a name away, or all names of an image given by its id.
    ///
    /// The content stays until the node agent, who alone knows what still runs, collects it.
    ///
    /// # Errors
    /// There is no such image, or the list cannot be written.
    pub async fn remove(&self, name: &str) -> Result<ImageId, StoreError> {
        let name = name.to_owned();
        self.change(move |listing| {
            let unknown = || StoreError::Unknown { name: name.clone() };
            let id = find(listing, &name).ok_or_else(unknown)?;
            let named = name
                .parse::<Reference>()
                .ok()
                .map(|reference| reference.to_string());
            match named.filter(|name| listing.refs.contains_key(name)) {
                Some(name) => drop(listing.refs.remove(&name)),
                None => listing.refs.retain(|_, target| *target != id),
            }
            Ok(id)
        })
        .await
    }

    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Listing) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.index.change(change)?).await
    }
}

impl Shared {
    /// Held while content is added, so that nobody takes it for garbage before it is listed.
    pub(crate) fn adding(&self) -> Result<Lock, FileError> {
        Lock::shared(&self.dir.join("content.lock"))
    }

    /// Taken to delete content; nothing is being added while it is held.
    fn deleting(&self) -> Result<Option<Lock>, FileError> {
        Lock::try_exclusive(&self.dir.join("content.lock"))
    }

    fn recover(&self) -> Result<(), StoreError> {
        if let Err(error @ IndexError::Damaged { .. }) = self.index.read() {
            let aside = self.index.set_aside()?;
            let error = gantry_base::chain(&error);
            tracing::error!(%error, aside = %aside.display(), "list of images put aside");
        }
        if let Some(_lock) = self.deleting()? {
            self.clear_temporary()?;
        }
        let broken = self.broken(&*self.index.read()?);
        if broken.is_empty() {
            return Ok(());
        }
        tracing::warn!(images = ?broken, "images with missing content dropped from the list");
        Ok(self.index.change(|listing| listing.forget(&broken))?)
    }

    fn clear_temporary(&self) -> Result<(), FileError> {
        let dir = self.content.temporary();
        fs::remove_dir_all(dir).map_err(at("empty", dir))?;
        files::private_dir(dir)
    }

    fn broken(&self, listing: &Listing) -> BTreeSet<ImageId> {
        let whole = |id: &ImageId, record: &Record| {
            // A layer's blob may be missing: the layer may have come in another compression.
            [&id.0, &record.manifest]
                .iter()
                .all(|blob| self.content.has(blob))
                && record
                    .layers
                    .iter()
                    .all(|layer| self.layers.has(&layer.chain))
        };
        let broken = listing
            .images
            .iter()
            .filter(|(id, record)| !whole(id, record));
        broken.map(|(id, _)| id.clone()).collect()
    }
}

/// Fewer digits of an id could too easily be a name.
const ID_PREFIX_MIN: usize = 12;

fn find(listing: &Listing, name: &str) -> Option<ImageId> {
    let hex = name.strip_prefix("sha256:").unwrap_or(name);
    if let Some(digest) = Digest::from_hex(hex) {
        let id = ImageId(digest);
        return listing.images.contains_key(&id).then_some(id);
    }
    by_name(listing, name).or_else(|| by_prefix(listing, hex))
}

fn by_name(listing: &Listing, name: &str) -> Option<ImageId> {
    let reference: Reference = name.parse().ok()?;
    if let Some(id) = listing.refs.get(&reference.to_string()) {
        return Some(id.clone());
    }
    let pinned = reference.at(reference.digest()?).to_string();
    let has = |(_, record): &(&ImageId, &Record)| record.repo_digests.contains(&pinned);
    listing.images.iter().find(has).map(|(id, _)| id.clone())
}

fn by_prefix(listing: &Listing, hex: &str) -> Option<ImageId> {
    if hex.len() < ID_PREFIX_MIN {
        return None;
    }
    let mut found = listing
        .images
        .keys()
        .filter(|id| id.0.hex().starts_with(hex));
    found.next().filter(|_| found.next().is_none()).cloned()
}

fn image(listing: &Listing, id: &ImageId, record: &Record) -> Image {
    Image {
        id: id.clone(),
        refs: listing.names_of(id),
        repo_digests: record.repo_digests.iter().cloned().collect(),
        size: record.size,
        created: record.created,
    }
}
