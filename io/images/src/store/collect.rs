//! Garbage collection: what no listed image needs is deleted.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Images, Shared, StoreError};
use crate::files::blocking;
use crate::image::{Image, ImageId};
use crate::index::Listing;

/// What a collection deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Images without a name that nothing uses.
    pub images: BTreeSet<ImageId>,
    /// Published content of these and of others that are no longer listed, in bytes.
    pub bytes: u64,
}

impl Images {
    /// The images that could be removed: all but these. Those without a name come first.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn unused(&self, in_use: &BTreeSet<ImageId>) -> Result<Vec<Image>, StoreError> {
        let mut unused = self.list()?;
        unused.retain(|image| !in_use.contains(&image.id));
        unused.sort_by_key(|image| !image.refs.is_empty());
        Ok(unused)
    }

    /// Deletes images that have no name and are not in use, and all content that no image needs.
    ///
    /// `in_use` must hold the image of every container that exists, running or not, and of every one
    /// that is about to be made. Safe to repeat; after an interruption the next call goes on.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if something is being added at this moment; or the disk fails.
    pub async fn collect(&self, in_use: BTreeSet<ImageId>) -> Result<Collected, StoreError> {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.collect(&in_use)).await
    }
}

impl Shared {
    fn collect(&self, in_use: &BTreeSet<ImageId>) -> Result<Collected, StoreError> {
        let Some(_lock) = self.deleting()? else {
            return Err(StoreError::Busy);
        };
        // First out of the list, then off the disk: an interruption leaves garbage, never holes.
        let images = self.index.change(|listing| {
            let doomed = nameless(listing, in_use);
            listing.forget(&doomed);
            doomed
        })?;
        let listing = self.index.read()?;
        for chain in self.layers.all()?.difference(&listing.chains()) {
            self.layers.remove(chain)?;
        }
        let mut bytes = 0;
        for blob in self.content.all()?.difference(&listing.blobs()) {
            bytes += self.content.size(blob).unwrap_or_default();
            self.content.remove(blob)?;
        }
        Ok(Collected { images, bytes })
    }
}

fn nameless(listing: &Listing, in_use: &BTreeSet<ImageId>) -> BTreeSet<ImageId> {
    let named: BTreeSet<&ImageId> = listing.refs.values().collect();
    let doomed = listing
        .images
        .keys()
        .filter(|id| !named.contains(id) && !in_use.contains(id));
    doomed.cloned().collect()
}
