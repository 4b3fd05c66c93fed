//! What `kubectl get daemonsets` shows.

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetStatus};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

use crate::column::Column;
use crate::parts::{cell, label_selector, pod_template};

pub(super) const COLUMNS: &[Column<DaemonSet>] = &[
    Column::NAME,
    Column::integer("Desired", "How many nodes should run a pod.", |set, _| {
        count(set, |status| status.desired_number_scheduled)
    }),
    Column::integer("Current", "How many of them have a pod.", |set, _| {
        count(set, |status| status.current_number_scheduled)
    }),
    Column::integer("Ready", "How many of them have a ready pod.", |set, _| {
        count(set, |status| status.number_ready)
    }),
    Column::integer(
        "Up-to-date",
        "How many of them have a pod of the newest template.",
        |set, _| count(set, |status| status.updated_number_scheduled.unwrap_or(0)),
    ),
    Column::integer(
        "Available",
        "How many of them have a pod that has been ready for long enough.",
        |set, _| count(set, |status| status.number_available.unwrap_or(0)),
    ),
    Column::text(
        "Node Selector",
        "The labels that nodes must have.",
        |set, _| node_selector(set),
    ),
    Column::AGE,
    Column::text("Containers", "The names of its containers.", |set, _| {
        template(set, pod_template::container_names)
    })
    .wide(),
    Column::text("Images", "The images of its containers.", |set, _| {
        template(set, pod_template::images)
    })
    .wide(),
    Column::text("Selector", "The labels of its pods.", |set, _| {
        selector(set)
    })
    .wide(),
];

fn count(set: &DaemonSet, field: fn(&DaemonSetStatus) -> i32) -> Value {
    set.status.as_ref().map_or(0, field).into()
}

fn template(set: &DaemonSet, text: fn(&PodTemplateSpec) -> String) -> Value {
    let template = set.spec.as_ref().map(|spec| text(&spec.template));
    template.unwrap_or_default().into()
}

fn node_selector(set: &DaemonSet) -> Value {
    let pods = set
        .spec
        .as_ref()
        .and_then(|spec| spec.template.spec.as_ref());
    cell::labels(
        pods.and_then(|pods| pods.node_selector.as_ref())
            .into_iter()
            .flatten(),
    )
}

fn selector(set: &DaemonSet) -> Value {
    label_selector::shown(set.spec.as_ref().map(|spec| &spec.selector)).into()
}
