//! `Deployment`.

use serde_json::Value;

use super::page::{Page, time};
use super::{Chapter, Kin, Subject, pod_set, template};
use crate::fields::{number, shown, text};
use crate::rollout::deployment::newest;

pub(super) const CHAPTER: Chapter = Chapter {
    group: "apps",
    kind: "Deployment",
    kin: &[Kin::ReplicaSets],
    with_events: true,
    write,
};

fn write(page: &mut Page, subject: &Subject<'_>) {
    let object = subject.object;
    page.field(0, "Name", text(object, "metadata.name"));
    page.field(0, "Namespace", text(object, "metadata.namespace"));
    page.field(
        0,
        "CreationTimestamp",
        time(text(object, "metadata.creationTimestamp")),
    );
    page.labels("Labels", object, "metadata.labels");
    page.annotations("Annotations", object, "metadata.annotations");
    page.field(0, "Selector", pod_set::selector(object));
    page.field(0, "Replicas", replicas(object));
    page.field(0, "StrategyType", text(object, "spec.strategy.type"));
    page.field(
        0,
        "MinReadySeconds",
        number(object, "spec.minReadySeconds").to_string(),
    );
    let rolling = &object["spec"]["strategy"]["rollingUpdate"];
    if rolling.is_object() {
        let (less, more) = (
            shown(&rolling["maxUnavailable"]),
            shown(&rolling["maxSurge"]),
        );
        page.field(
            0,
            "RollingUpdateStrategy",
            format!("{less} max unavailable, {more} max surge"),
        );
    }
    template::write(page, &object["spec"]["template"]);
    template::conditions(page, object);
    sets(page, subject);
}

fn replicas(object: &Value) -> String {
    let status = |field: &str| object["status"][field].as_i64().unwrap_or_default();
    format!(
        "{} desired | {} updated | {} total | {} available | {} unavailable",
        number(object, "spec.replicas"),
        status("updatedReplicas"),
        status("replicas"),
        status("availableReplicas"),
        status("unavailableReplicas"),
    )
}

fn sets(page: &mut Page, subject: &Subject<'_>) {
    let all = subject.kin(Kin::ReplicaSets);
    let newest = newest(subject.object, all);
    let is_new = |set: &&Value| {
        newest.is_some_and(|newest| text(newest, "metadata.uid") == text(set, "metadata.uid"))
    };
    let (new, mut old): (Vec<&Value>, Vec<&Value>) = all.iter().partition(|set| is_new(set));
    old.sort_by_key(|set| text(set, "metadata.creationTimestamp"));
    page.field(0, "OldReplicaSets", in_words(&old));
    page.field(0, "NewReplicaSet", in_words(&new));
}

fn in_words(sets: &[&Value]) -> String {
    if sets.is_empty() {
        return "<none>".to_owned();
    }
    let words = sets.iter().map(|set| {
        let (there, wanted) = (number(set, "status.replicas"), number(set, "spec.replicas"));
        format!(
            "{} ({there}/{wanted} replicas created)",
            text(set, "metadata.name")
        )
    });
    words.collect::<Vec<String>>().join(", ")
}
