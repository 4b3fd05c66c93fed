//! Keeps as many pods alive as a `ReplicationController` asks for: the elder of `ReplicaSet`, with
//! a selector of equalities only.

use k8s_openapi::api::apps::v1::ReplicaSetStatus;
use k8s_openapi::api::core::v1::ReplicationController;
use serde::Serialize;
use serde::de::DeserializeOwned;

use gantry_base::selector::Selector;

use crate::replicas::{Desired, Owner, Replicas};

/// The controller of replication controllers.
pub type ReplicationControllers = Replicas<ReplicationController>;

impl Owner for ReplicationController {
    const CONTROLLER: &'static str = "replication-controller";

    fn selector(&self) -> Option<Selector> {
        let labels = self.spec.as_ref()?.selector.as_ref();
        labels.map(Selector::exactly)
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
        convert(&self.status.clone().unwrap_or_default())
    }

    fn reporting(&self, status: ReplicaSetStatus) -> Self {
        Self {
            status: Some(convert(&status)),
            ..self.clone()
        }
    }
}

/// The two statuses differ in name only, not in their fields.
fn convert<From: Serialize, To: DeserializeOwned>(status: &From) -> To {
    let tree = serde_json::to_value(status).expect("a status is plain data");
    serde_json::from_value(tree).expect("both statuses have the same fields")
}

#[cfg(test)]
mod tests;
