//! Images and volumes: got, or tried again after a while that grows.

use std::time::Duration;

use k8s_openapi::api::core::v1::Container;

use gantry_base::Timestamp;
use gantry_base::backoff::Backoff;
use gantry_base::time::after;

use super::{Mounted, State};
use crate::pod::{Image, Volumes};
use crate::sandbox::PodRef;

/// How long to wait after a pull that failed.
const PULL_DELAYS: Backoff = Backoff {
    first: Duration::from_secs(10),
    longest: Duration::from_secs(300),
};

/// How long to wait after volumes could not be put in place.
const MOUNT_DELAYS: Backoff = Backoff {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(122),
};

/// Why an image could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullFailure {
    /// `ErrImagePull`, `ErrImageNeverPull`, `InvalidImageName` or `ImageInspectError`.
    pub reason: &'static str,
    /// The sentence that goes with it.
    pub why: String,
}

impl State {
    /// Notes how getting the image of a container ended: with the exact image, or with a reason.
    pub fn pulled(
        &mut self,
        key: &PodRef,
        spec: &Container,
        outcome: Result<String, PullFailure>,
        now: Timestamp,
    ) {
        let known = self.pod(key);
        let image = match outcome {
            Ok(id) => {
                known.pull_failures.remove(&spec.name);
                Image::Present { id }
            }
            Err(PullFailure { reason, why }) => {
                let failures = known.pull_failures.entry(spec.name.clone()).or_insert(0);
                let delay = PULL_DELAYS.delay(*failures);
                *failures = failures.saturating_add(1);
                Image::Failed {
                    reason: reason.to_owned(),
                    why,
                    retry_at: after(now, delay),
                }
            }
        };
        let asked = spec.image.clone().unwrap_or_default();
        known.images.insert(spec.name.clone(), (asked, image));
    }

    /// Notes how putting the volumes of a pod in place ended.
    pub fn mounted(&mut self, key: &PodRef, outcome: Result<Mounted, String>, now: Timestamp) {
        let known = self.pod(key);
        match outcome {
            Ok(mounted) => {
                known.mounted = Some(mounted);
                known.mount_failures = 0;
                known.volumes = Volumes::Ready;
            }
            Err(why) => {
                let delay = MOUNT_DELAYS.delay(known.mount_failures);
                known.mount_failures = known.mount_failures.saturating_add(1);
                let retry_at = after(now, delay);
                known.volumes = Volumes::Failed { why, retry_at };
            }
        }
    }

    /// Something that the pod refers to has changed: what failed for want of it is tried at once.
    pub fn retry_mount(&mut self, key: &PodRef) {
        let known = self.pods.get_mut(key).map(|known| &mut known.volumes);
        if let Some(Volumes::Failed { retry_at, .. }) = known {
            *retry_at = Timestamp::MIN;
        }
    }
}
