//! Imports images from archive files: OCI layouts and what `docker save` writes, compressed or not.
//!
//! The archive is read once, from front to back, so it may come through a pipe. What it holds is
//! stored under its real digest; a name in the archive that says otherwise leads nowhere.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::archive::ArchiveError;
use crate::content::ContentError;
use crate::files::{FileError, at, blocking};
use crate::limits;
use crate::manifest::ManifestError;
use crate::platform::Platform;
use crate::reference::{Reference, ReferenceError};
use crate::store::{Images, NewImage, Shared, StoreError};
use crate::unpack::Cancel;

mod docker;
mod layout;
mod scan;
#[cfg(test)]
mod tests;

use scan::Members;

/// Why an archive was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The archive cannot be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is damaged.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What it holds cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One of its documents is not usable.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// It is some other archive.
    #[error("find an image in the archive: it has neither index.json nor manifest.json")]
    NoImage,
    /// A part of an image is not in it.
    #[error("find {member:?} in the archive")]
    Missing {
        /// Which part.
        member: String,
    },
    /// A name in it is not usable.
    #[error("use a name from the archive")]
    Name(#[source] ReferenceError),
    /// An image in it has no name, and none was given.
    #[error("import an image without a name: give one")]
    Nameless,
    /// No image in it is for this machine.
    #[error("find an image for {platform} in the archive")]
    Platform {
        /// This machine.
        platform: Platform,
    },
}

impl From<ContentError> for ImportError {
    fn from(error: ContentError) -> Self {
        Self::Store(error.into())
    }
}

/// An image found in an archive: its names, and its parts in the content store.
struct Found {
    names: Vec<Reference>,
    image: NewImage,
}

impl Images {
    /// Imports all images for this machine from an archive file, and says under which names.
    ///
    /// `name` is for images that have none in the archive.
    ///
    /// # Errors
    /// See [`ImportError`]. Images before the one that failed may have been imported.
    pub async fn import(
        &self,
        path: &Path,
        name: Option<&Reference>,
    ) -> Result<Vec<Reference>, ImportError> {
        let path: PathBuf = path.to_owned();
        let shared = Arc::clone(&self.shared);
        let name = name.cloned();
        blocking(move || {
            let file = File::open(&path).map_err(at("open", &path))?;
            import(&shared, file, name.as_ref())
        })
        .await
    }

    /// Imports from an archive that is not a file, such as standard input. See [`Images::import`].
    ///
    /// # Errors
    /// See [`ImportError`].
    pub async fn import_from(
        &self,
        archive: impl Read + Send + 'static,
        name: Option<&Reference>,
    ) -> Result<Vec<Reference>, ImportError> {
        let shared = Arc::clone(&self.shared);
        let name = name.cloned();
        blocking(move || import(&shared, archive, name.as_ref())).await
    }
}

fn import(
    shared: &Shared,
    archive: impl Read,
    name: Option<&Reference>,
) -> Result<Vec<Reference>, ImportError> {
    let _adding = shared.adding()?;
    let members = scan::scan(&shared.content, archive)?;
    let found = found(shared, &members)?;
    let mut names = Vec::new();
    for Found { names: own, image } in found {
        let own = match (own.is_empty(), name) {
            (true, Some(name)) => vec![name.clone()],
            (true, None) => return Err(ImportError::Nameless),
            (false, _) => own,
        };
        require_layers(shared, &image)?;
        shared.unpack_layers(&image, &Cancel::default())?;
        shared.list_image(&image, &own, None)?;
        names.extend(own);
    }
    Ok(names)
}

/// Newer archives have both forms. The layout keeps the digests that a registry knows, so it is
/// preferred as long as it says how the images are called.
fn found(shared: &Shared, members: &Members) -> Result<Vec<Found>, ImportError> {
    let layout = members
        .document("index.json")
        .map(|index| layout::images(shared, index));
    let docker = members.document("manifest.json");
    match (layout, docker) {
        (None, None) => Err(ImportError::NoImage),
        (None, Some(list)) => docker::images(shared, members, list),
        (Some(layout), None) => layout,
        (Some(Ok(found)), Some(_)) if found.iter().all(|found| !found.names.is_empty()) => {
            Ok(found)
        }
        (Some(_), Some(list)) => docker::images(shared, members, list),
    }
}

fn require_layers(shared: &Shared, image: &NewImage) -> Result<(), ImportError> {
    let layers = image.manifest.layers.iter().zip(&image.chains);
    for (layer, chain) in layers {
        // What is unpacked already need not come again.
        if !shared.layers.has(chain) && !shared.content.has(&layer.digest) {
            return Err(ImportError::Missing {
                member: layer.digest.to_string(),
            });
        }
    }
    Ok(())
}

/// Reads a manifest or a configuration that must be in the archive or already here.
fn require(shared: &Shared, digest: &crate::digest::Digest) -> Result<Vec<u8>, ImportError> {
    if !shared.content.has(digest) {
        return Err(ImportError::Missing {
            member: digest.to_string(),
        });
    }
    Ok(shared.content.read(digest, limits::CONFIG_BYTES)?)
}
