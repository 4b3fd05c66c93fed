//! Deletes images that nobody needs: those without a name always, others when the disk is full.

use std::collections::BTreeSet;

use gantry_images::{ImageId, StoreError};

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
    let used = state.images_in_use().into_iter();
    used.filter_map(|id| id.parse().ok()).collect()
}
