//! Makes small images from files at hand: the demo's, made from the program itself, and the tests'.
//!
//! Equal input gives equal digests: times are zero, owners are root, directories come in order.
//! This is no build tool; it runs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::content::{Content, ContentError};
use crate::digest::{Digest, HashingWriter};
use crate::files::{FileError, at, blocking};
use crate::image::ImageId;
use crate::manifest::{
    ConfigFile, Descriptor, ImageConfig, Manifest, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST,
};
use crate::platform::Platform;
use crate::reference::Reference;
use crate::store::{Images, NewImage, StoreError};
use crate::unpack::Cancel;

mod archive;
mod layer;
#[cfg(test)]
mod tests;

/// Describes an image piece by piece.
#[derive(Clone, Debug, Default)]
pub struct ImageBuilder {
    layers: Vec<Layer>,
    config: ImageConfig,
    compression: Compression,
}

/// Where the content of a file comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// It is here.
    Bytes(Vec<u8>),
    /// It is in a file, which is read when the image is made.
    File(PathBuf),
}

/// How layers are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all: quickest when the image stays on this machine.
    #[default]
    None,
    /// As every tool understands it.
    Gzip,
    /// Smaller and faster, but not for old tools.
    Zstd,
}

/// Why an image was not made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The image cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A layer cannot be written.
    #[error("write a layer")]
    Layer(#[source] io::Error),
    /// The image cannot be described.
    #[error("describe the image")]
    Describe(#[source] serde_json::Error),
}

impl From<ContentError> for BuildError {
    fn from(error: ContentError) -> Self {
        Self::Store(error.into())
    }
}

type Layer = BTreeMap<String, Item>;

#[derive(Clone, Debug)]
enum Item {
    Directory { mode: u32 },
    File { mode: u32, source: Source },
    Symlink { target: String },
}

impl ImageBuilder {
    /// An image with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            layers: vec![Layer::new()],
            ..Self::default()
        }
    }

    /// Adds a file. Directories above it are made, readable for everybody.
    #[must_use]
    pub fn file(self, path: &str, mode: u32, source: Source) -> Self {
        self.item(path, Item::File { mode, source })
    }

    /// Adds a directory.
    #[must_use]
    pub fn directory(self, path: &str, mode: u32) -> Self {
        self.item(path, Item::Directory { mode })
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.item(
            path,
            Item::Symlink {
                target: target.to_owned(),
            },
        )
    }

    /// What is added from here on goes to a further layer above.
    #[must_use]
    pub fn next_layer(mut self) -> Self {
        self.layers.push(Layer::new());
        self
    }

    /// The program and its first arguments.
    #[must_use]
    pub fn entrypoint<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.config.entrypoint = words.into_iter().map(Into::into).collect();
        self
    }

    /// Further arguments.
    #[must_use]
    pub fn cmd<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.config.cmd = words.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a variable to the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.config.env.push(format!("{name}={value}"));
        self
    }

    /// Says that the program listens on a TCP port.
    #[must_use]
    pub fn expose(mut self, port: u16) -> Self {
        self.config.exposed_ports.push(format!("{port}/tcp"));
        self
    }

    /// Sets whatever else a configuration can say.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut ImageConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Chooses how layers are compressed.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Puts the image into a store, unpacked and ready to run.
    ///
    /// # Errors
    /// A file cannot be read, or the store cannot take the image.
    pub async fn save_into(self, images: &Images, name: &Reference) -> Result<ImageId, BuildError> {
        let (shared, name) = (Arc::clone(&images.shared), name.clone());
        blocking(move || {
            let _adding = shared.adding()?;
            let (digest, manifest) = self.assemble(&shared.content)?;
            let image = NewImage::new(&shared, digest, manifest)?;
            shared.unpack_layers(&image, &Cancel::default())?;
            Ok(shared.list_image(&image, &[name], None)?)
        })
        .await
    }

    /// Writes the image as an archive of the OCI layout. Blocks.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn write_oci_archive(&self, path: &Path, name: &Reference) -> Result<(), BuildError> {
        archive::write(self, path, name)
    }

    /// The store directory alone is enough for this, without a list of images.
    fn assemble(&self, content: &Content) -> Result<(Digest, Manifest), BuildError> {
        let mut layers = Vec::new();
        let mut config = self.config_file();
        for layer in self.layers.iter().filter(|layer| !layer.is_empty()) {
            let (descriptor, diff) = self.layer(content, layer)?;
            layers.push(descriptor);
            config.rootfs.diff_ids.push(diff);
        }
        let (digest, size) = put(content, &config)?;
        let manifest = Manifest::new(Descriptor::new(OCI_CONFIG, digest, size), layers);
        let (digest, _) = put(content, &manifest)?;
        Ok((digest, manifest))
    }

    fn layer(&self, content: &Content, layer: &Layer) -> Result<(Descriptor, Digest), BuildError> {
        let blob = content.begin()?;
        let (blob, diff) = layer::write(layer, self.compression, blob)?;
        let digest = blob.finish()?;
        let size = content.size(&digest).unwrap_or_default();
        let suffix = match self.compression {
            Compression::None => "",
            Compression::Gzip => "+gzip",
            Compression::Zstd => "+zstd",
        };
        Ok((
            Descriptor::new(&format!("{OCI_LAYER}{suffix}"), digest, size),
            diff,
        ))
    }

    fn config_file(&self) -> ConfigFile {
        let platform = Platform::host();
        ConfigFile {
            architecture: platform.architecture,
            os: platform.os,
            config: self.config.clone(),
            ..ConfigFile::default()
        }
    }

    fn item(mut self, path: &str, item: Item) -> Self {
        if self.layers.is_empty() {
            self.layers.push(Layer::new());
        }
        let path = path.trim_matches('/').to_owned();
        let layer = self
            .layers
            .last_mut()
            .expect("a layer was added above if there was none");
        layer.insert(path, item);
        self
    }
}

fn put(content: &Content, document: &impl serde::Serialize) -> Result<(Digest, u64), BuildError> {
    let bytes = serde_json::to_vec(document).map_err(BuildError::Describe)?;
    Ok((content.put(&bytes)?, bytes.len() as u64))
}
