//! Questions about pods.

use k8s_openapi::api::core::v1::{Pod, PodCondition};

use gantry_base::time::Timestamp;

use super::meta::Meta;

/// What can be asked of a pod.
pub trait PodView {
    /// `status.phase`; empty before the first status.
    fn phase(&self) -> &str;
    /// Whether it has ended for good.
    fn is_finished(&self) -> bool;
    /// Whether it counts as one of its controller's replicas: neither ended nor being deleted.
    fn is_active(&self) -> bool;
    /// The condition of this type.
    fn condition(&self, condition: &str) -> Option<&PodCondition>;
    /// Whether it is ready to serve.
    fn is_ready(&self) -> bool;
    /// Since when it has been ready, if it is.
    fn ready_since(&self) -> Option<Timestamp>;
    /// The node it is bound to, if any.
    fn node_name(&self) -> Option<&str>;
}

impl PodView for Pod {
    fn phase(&self) -> &str {
        self.status
            .as_ref()
            .and_then(|status| status.phase.as_deref())
            .unwrap_or("")
    }

    fn is_finished(&self) -> bool {
        matches!(self.phase(), "Succeeded" | "Failed")
    }

    fn is_active(&self) -> bool {
        !self.is_finished() && !self.is_terminating()
    }

    fn condition(&self, condition: &str) -> Option<&PodCondition> {
        let conditions = self.status.as_ref()?.conditions.as_ref()?;
        conditions.iter().find(|known| known.type_ == condition)
    }

    fn is_ready(&self) -> bool {
        self.condition("Ready")
            .is_some_and(|condition| condition.status == "True")
    }

    fn ready_since(&self) -> Option<Timestamp> {
        let condition = self
            .condition("Ready")
            .filter(|condition| condition.status == "True")?;
        condition.last_transition_time.as_ref().map(|time| time.0)
    }

    fn node_name(&self) -> Option<&str> {
        self.spec
            .as_ref()?
            .node_name
            .as_deref()
            .filter(|name| !name.is_empty())
    }
}
