//! The layers of one image: several are downloaded and unpacked at a time, and put in place in order.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{Pull, PullCause};
use crate::digest::Digest;
use crate::files::{Lock, blocking};
use crate::image::ImageId;
use crate::layers::Staged;
use crate::limits;
use crate::manifest::Manifest;
use crate::progress::Phase;
use crate::store::{NewImage, StoreError};
use crate::unpack::Cancel;

impl Pull<'_> {
    /// `adding` goes along into the threads that write, so that nothing is collected under them.
    pub(super) async fn layers(
        &self,
        digest: Digest,
        manifest: Manifest,
        adding: Arc<Lock>,
    ) -> Result<ImageId, PullCause> {
        self.download(&manifest.config, |_| ()).await?;
        let shared = Arc::clone(&self.images.shared);
        let image = blocking(move || NewImage::new(&shared, digest, manifest)).await?;
        let layers = image.manifest.layers.iter();
        self.reporter
            .begin(layers.map(|layer| (layer.digest.clone(), layer.size)));

        let cancel = Cancel::default();
        let _cancel_on_drop = cancel.on_drop();
        let work = (0..image.chains.len()).map(|layer| self.stage(&image, layer, &cancel, &adding));
        let mut staged: Vec<(usize, Staged)> = stream::iter(work)
            .buffer_unordered(limits::PARALLEL_LAYERS)
            .try_filter_map(async |done| Ok(done))
            .try_collect()
            .await?;
        staged.sort_by_key(|(layer, _)| *layer);
        self.finish(image, staged, adding).await
    }

    async fn stage(
        &self,
        image: &NewImage,
        layer: usize,
        cancel: &Cancel,
        adding: &Arc<Lock>,
    ) -> Result<Option<(usize, Staged)>, PullCause> {
        let shared = Arc::clone(&self.images.shared);
        if shared.layers.has(&image.chains[layer]) {
            self.reporter.phase(layer, Phase::Ready);
            return Ok(None);
        }
        let blob = &image.manifest.layers[layer];
        self.download(blob, |done| self.reporter.downloaded(layer, done))
            .await?;
        self.reporter.phase(layer, Phase::Unpacking);
        let (blob, diff) = (blob.digest.clone(), image.diff(layer).clone());
        let (cancel, adding) = (cancel.clone(), Arc::clone(adding));
        let staged = blocking(move || {
            let staged = shared.layers.stage(&blob, &diff, &cancel);
            drop(adding);
            staged
        });
        Ok(Some((layer, staged.await.map_err(StoreError::from)?)))
    }

    async fn finish(
        &self,
        image: NewImage,
        staged: Vec<(usize, Staged)>,
        adding: Arc<Lock>,
    ) -> Result<ImageId, PullCause> {
        let shared = Arc::clone(&self.images.shared);
        let reference = self.reference.clone();
        let layers = image.chains.len();
        let id = blocking(move || -> Result<ImageId, StoreError> {
            for (layer, staged) in staged {
                shared
                    .layers
                    .settle(staged, &image.chains[layer], &image.chains[..layer])?;
            }
            let id =
                shared.list_image(&image, std::slice::from_ref(&reference), Some(&reference))?;
            drop(adding);
            Ok(id)
        })
        .await?;
        (0..layers).for_each(|layer| self.reporter.phase(layer, Phase::Ready));
        Ok(id)
    }
}
