//! A cordoned node takes no new pods, but for those that tolerate it.

use k8s_openapi::api::core::v1::Taint;

use super::{because, tolerates};
use crate::cluster::NodeState;
use crate::cycle::Question;

pub(super) fn filter(question: &Question<'_>, node: &NodeState) -> Option<Vec<String>> {
    let taint = Taint {
        key: "node.kubernetes.io/unschedulable".to_owned(),
        effect: "NoSchedule".to_owned(),
        ..Taint::default()
    };
    if node.is_unschedulable() && !tolerates(question.pod, &taint) {
        return because("node(s) were unschedulable");
    }
    None
}
