//! The layers of one image: several are downloaded and unpacked at a time, and put in place in order.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{Pull, PullCause, Ticket};
use crate::digest::Digest;
use crate::files::blocking;
use crate::image::ImageId;
use crate::layers::Staged;
use crate::limits;
use crate::manifest::Manifest;
use crate::progress::Phase;
use crate::store::{NewImage, StoreError};

impl Pull<'_> {
    pub(super) async fn layers(
        &self,
        digest: Digest,
        manifest: Manifest,
        ticket: Ticket,
    ) -> Result<ImageId, PullCause> {
        self.download(&manifest.config, |_| (), &ticket).await?;
        let shared = Arc::clone(&self.images.shared);
        let image = blocking(move || NewImage::new(&shared, digest, manifest)).await?;
        let layers = image.manifest.layers.iter();
        self.reporter
            .begin(layers.map(|layer| (layer.digest.clone(), layer.size)));

        let work = (0..image.chains.len()).map(|layer| self.stage(&image, layer, &ticket));
        let mut staged: Vec<(usize, Staged)> = stream::iter(work)
            .buffer_unordered(limits::PARALLEL_LAYERS)
            .try_filter_map(async |done| Ok(done))
            .try_collect()
            .await?;
        staged.sort_by_key(|(layer, _)| *layer);
        self.finish(image, staged, ticket).await
    }

    async fn stage(
        &self,
        image: &NewImage,
        layer: usize,
        ticket: &Ticket,
    ) -> Result<Option<(usize, Staged)>, PullCause> {
        let shared = Arc::clone(&self.images.shared);
        if shared.layers.has(&image.chains[layer]) {
            self.reporter.phase(layer, Phase::Ready);
            return Ok(None);
        }
        let blob = &image.manifest.layers[layer];
        let report = |done| self.reporter.downloaded(layer, done);
        self.download(blob, report, ticket).await?;
        self.reporter.phase(layer, Phase::Unpacking);
        let (blob, diff) = (blob.digest.clone(), image.diff(layer).clone());
        let ticket = ticket.clone();
        let (staged, _ticket) = blocking(move || {
            let staged = shared.layers.stage(&blob, &diff, &ticket.cancel);
            // In this order: when nobody takes the layer any more, it is gone before the ticket is.
            (staged, ticket)
        })
        .await;
        Ok(Some((layer, staged.map_err(StoreError::from)?)))
    }

    async fn finish(
        &self,
        image: NewImage,
        staged: Vec<(usize, Staged)>,
        ticket: Ticket,
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
            drop(ticket);
            Ok(id)
        })
        .await?;
        (0..layers).for_each(|layer| self.reporter.phase(layer, Phase::Ready));
        Ok(id)
    }
}
