//! Keeps as many pods alive as a `ReplicaSet` asks for.

use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetStatus};

use gantry_api::views::meta::selector;
use gantry_base::selector::Selector;

use crate::replicas::{Desired, Owner, Replicas};

/// The controller of replica sets.
pub type ReplicaSets = Replicas<ReplicaSet>;

impl Owner for ReplicaSet {
    const CONTROLLER: &'static str = "replicaset-controller";

    fn selector(&self) -> Option<Selector> {
        Some(selector(&self.spec.as_ref()?.selector))
    }

    fn desired(&self) -> Option<Desired<'_, Self>> {
        let spec = self.spec.as_ref()?;
        let template = spec.template.as_ref()?;
        Some(Desired::new(
            self,
            spec.replicas,
            spec.min_ready_seconds,
            template,
        ))
    }

    fn status(&self) -> ReplicaSetStatus {
        self.status.clone().unwrap_or_default()
    }

    fn reporting(&self, status: ReplicaSetStatus) -> Self {
        Self {
            status: Some(status),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests;
