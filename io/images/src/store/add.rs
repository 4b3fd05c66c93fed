//! Turns content that is in the store into a listed image.

use std::collections::BTreeSet;

use super::{Shared, StoreError};
use crate::digest::Digest;
use crate::image::ImageId;
use crate::index::{LayerRecord, Record};
use crate::layers::chain_ids;
use crate::limits;
use crate::manifest::{self, ConfigFile, Manifest};
use crate::reference::Reference;
use crate::unpack::Cancel;

/// An image whose manifest, configuration and layers are in the content store.
#[derive(Clone, Debug)]
pub(crate) struct NewImage {
    pub(crate) digest: Digest,
    pub(crate) manifest: Manifest,
    pub(crate) config: ConfigFile,
    pub(crate) chains: Vec<Digest>,
}

impl NewImage {
    /// Reads the configuration, which must be stored, and checks that it fits the manifest.
    pub(crate) fn new(
        shared: &Shared,
        digest: Digest,
        manifest: Manifest,
    ) -> Result<Self, StoreError> {
        let bytes = shared
            .content
            .read(&manifest.config.digest, limits::CONFIG_BYTES)?;
        let config = manifest::parse_config(&bytes, manifest.layers.len())?;
        let chains = chain_ids(&config.rootfs.diff_ids);
        Ok(Self {
            digest,
            manifest,
            config,
            chains,
        })
    }

    pub(crate) fn id(&self) -> ImageId {
        ImageId(self.manifest.config.digest.clone())
    }

    /// The digest of the unpacked archive of a layer.
    pub(crate) fn diff(&self, layer: usize) -> &Digest {
        &self.config.rootfs.diff_ids[layer]
    }

    fn record(&self, repo_digests: BTreeSet<String>) -> Record {
        let sizes = self.manifest.layers.iter().map(|layer| layer.size);
        let layers = self.manifest.layers.iter().zip(&self.chains);
        let layers = layers.map(|(layer, chain)| LayerRecord {
            blob: layer.digest.clone(),
            chain: chain.clone(),
        });
        Record {
            manifest: self.digest.clone(),
            size: sizes.fold(self.manifest.config.size, u64::saturating_add),
            created: self
                .config
                .created
                .as_ref()
                .and_then(|text| text.parse().ok()),
            layers: layers.collect(),
            repo_digests,
        }
    }
}

impl Shared {
    /// Unpacks the layers that are not there yet, lowest first.
    pub(crate) fn unpack_layers(
        &self,
        image: &NewImage,
        cancel: &Cancel,
    ) -> Result<(), StoreError> {
        for (position, layer) in image.manifest.layers.iter().enumerate() {
            let chain = &image.chains[position];
            if !self.layers.has(chain) {
                let staged = self
                    .layers
                    .stage(&layer.digest, image.diff(position), cancel)?;
                self.layers
                    .settle(staged, chain, &image.chains[..position])?;
            }
        }
        Ok(())
    }

    /// Lists an image that is whole, under these names.
    pub(crate) fn list_image(
        &self,
        image: &NewImage,
        names: &[Reference],
        source: Option<&Reference>,
    ) -> Result<ImageId, StoreError> {
        let id = image.id();
        let pinned = source.map(|source| source.at(&image.digest).to_string());
        let record = image.record(pinned.into_iter().collect());
        self.index.change(|listing| {
            listing.add(&id, record);
            for name in names {
                listing.refs.insert(name.to_string(), id.clone());
            }
        })?;
        Ok(id)
    }
}
