//! The conditions of a deployment: when they turn, and when they were last confirmed.

use k8s_openapi::api::apps::v1::{DeploymentCondition, DeploymentStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use gantry_base::Timestamp;
use gantry_base::time::whole_seconds;

/// Something to be said by a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) status: &'static str,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// The condition of a type, if there is one.
pub(super) fn find<'a>(
    status: &'a DeploymentStatus,
    condition: &str,
) -> Option<&'a DeploymentCondition> {
    status
        .conditions
        .iter()
        .flatten()
        .find(|known| known.type_ == condition)
}

/// Sets a condition. Its transition time moves only when its status does; its update time moves
/// when its words do, or when `confirm` asks for it.
pub(super) fn set(
    status: &mut DeploymentStatus,
    condition: &str,
    said: Said,
    confirm: bool,
    now: Timestamp,
) {
    let known = find(status, condition).cloned();
    let same_words = known.as_ref().is_some_and(|known| {
        known.status == said.status && known.reason.as_deref() == Some(said.reason)
    });
    if same_words && !confirm {
        return;
    }
    let now = Time(whole_seconds(now));
    let turned = known
        .as_ref()
        .is_none_or(|known| known.status != said.status);
    let since = known
        .and_then(|known| known.last_transition_time)
        .filter(|_| !turned);
    let next = DeploymentCondition {
        type_: condition.to_owned(),
        status: said.status.to_owned(),
        reason: Some(said.reason.to_owned()),
        message: Some(said.message),
        last_transition_time: Some(since.unwrap_or_else(|| now.clone())),
        last_update_time: Some(now),
    };
    let conditions = status.conditions.get_or_insert_default();
    conditions.retain(|known| known.type_ != condition);
    conditions.push(next);
}

/// Takes a condition away.
pub(super) fn clear(status: &mut DeploymentStatus, condition: &str) {
    if let Some(conditions) = status.conditions.as_mut() {
        conditions.retain(|known| known.type_ != condition);
    }
}
