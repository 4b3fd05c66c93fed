//! A tainted node takes only pods that tolerate the taint.

use k8s_openapi::api::core::v1::{Pod, Taint, Toleration};

use super::because;
use crate::cluster::NodeState;
use crate::cycle::Question;

pub(super) fn filter(question: &Question<'_>, node: &NodeState) -> Option<Vec<String>> {
    let hard = node
        .taints()
        .iter()
        .filter(|taint| taint.effect != "PreferNoSchedule");
    let mut unbearable = hard.filter(|taint| !tolerates(question.pod, taint));
    let taint = unbearable.next()?;
    let value = taint.value.as_deref().unwrap_or("");
    because(&format!(
        "node(s) had untolerated taint {{{}: {value}}}",
        taint.key
    ))
}

/// Whether the pod bears a taint.
pub(crate) fn tolerates(pod: &Pod, taint: &Taint) -> bool {
    let tolerations = pod
        .spec
        .iter()
        .flat_map(|spec| spec.tolerations.iter().flatten());
    tolerations
        .into_iter()
        .any(|toleration| bears(toleration, taint))
}

fn bears(toleration: &Toleration, taint: &Taint) -> bool {
    let (key, effect) = (
        toleration.key.as_deref().unwrap_or(""),
        toleration.effect.as_deref().unwrap_or(""),
    );
    let exists = toleration.operator.as_deref() == Some("Exists");
    let same_value =
        toleration.value.as_deref().unwrap_or("") == taint.value.as_deref().unwrap_or("");
    let key_fits = if key.is_empty() {
        exists
    } else {
        key == taint.key
    };
    key_fits && (effect.is_empty() || effect == taint.effect) && (exists || same_value)
}
