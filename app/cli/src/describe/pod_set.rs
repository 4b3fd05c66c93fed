//! What sets of equal pods have in common: how many there are, and how many run.

use serde_json::Value;

use super::page::Page;
use super::{Kin, Subject, controller};
use crate::fields::{number, pairs, text};

/// How many pods there are, how many are wanted, and in which phases they are.
pub(super) fn counts(page: &mut Page, subject: &Subject<'_>) {
    let object = subject.object;
    let (current, desired) = (
        number(object, "status.replicas"),
        number(object, "spec.replicas"),
    );
    page.field(
        0,
        "Replicas",
        format!("{current} current / {desired} desired"),
    );
    let uid = text(object, "metadata.uid");
    let own = subject.kin(Kin::Pods).iter();
    let own: Vec<&Value> = own
        .filter(|pod| controller(pod).is_some_and(|owner| text(owner, "uid") == uid))
        .collect();
    let in_phase = |phase: &str| {
        own.iter()
            .filter(|pod| text(pod, "status.phase") == phase)
            .count()
    };
    page.field(
        0,
        "Pods Status",
        format!(
            "{} Running / {} Waiting / {} Succeeded / {} Failed",
            in_phase("Running"),
            in_phase("Pending"),
            in_phase("Succeeded"),
            in_phase("Failed"),
        ),
    );
}

/// A label selector in one line.
pub(super) fn selector(object: &Value) -> String {
    let all = crate::pods::selector_of(object);
    if all.is_empty() {
        pairs(object, "spec.selector", "<none>")
    } else {
        all
    }
}
