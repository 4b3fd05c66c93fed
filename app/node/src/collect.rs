//! Deletes images that nobody needs: those without a name always, others when the disk is full.

use std::collections::BTreeSet;

use gantry_images::{ImageId, StoreError};
use gantry_kubelet::pod::Image;

use crate::agent::Agent;
use crate::host;

/// When more of the disk than this is used, in percent, unused images go.
const FULL_PERCENT: u64 = 85;

/// Deletes what should be deleted. What fails is tried again at the next look.
pub(crate) async fn if_needed(agent: &Agent) {
    if let Err(error) = collect(agent).await {
        let error = gantry_base::chain(&error);
        tracing::warn!(error, "could not delete unused images");
    }
}

async fn collect(agent: &Agent) -> Result<(), StoreError> {
    let (total, free) = host::disk(&agent.config.data_dir);
    let is_full = total > 0 && (total - free) / 100 * 100 > total / 100 * FULL_PERCENT;
    let unused = agent.images.unused(&in_use(agent))?;
    if !is_full && unused.iter().all(|image| !image.refs.is_empty()) {
        return Ok(());
    }
    if is_full {
        for name in unused.iter().flat_map(|image| &image.refs) {
            agent.images.remove(name).await?;
        }
    }
    match agent.images.collect(in_use(agent)).await {
        Ok(collected) if collected.bytes > 0 => {
            tracing::info!(bytes = collected.bytes, "deleted unused images");
            Ok(())
        }
        Ok(_) | Err(StoreError::Busy) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The images of all containers that exist or are about to be made.
fn in_use(agent: &Agent) -> BTreeSet<ImageId> {
    let state = agent.state.lock();
    let mut all = BTreeSet::new();
    for pod in state.pods.values() {
        let containers = pod.sandbox.iter().flat_map(|sandbox| &sandbox.containers);
        let made = containers.map(|container| container.config.image_id.as_str());
        let wanted = pod.images.values().filter_map(|(_, image)| match image {
            Image::Present { id } => Some(id.as_str()),
            Image::Absent | Image::Failed { .. } => None,
        });
        all.extend(made.chain(wanted).filter_map(|id| id.parse().ok()));
    }
    all
}
