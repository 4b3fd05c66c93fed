//! What `kubectl get statefulsets` shows.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

use crate::column::Column;
use crate::parts::pod_template;

pub(super) const COLUMNS: &[Column<StatefulSet>] = &[
    Column::NAME,
    Column::text(
        "Ready",
        "How many pods are ready, of how many.",
        |set, _| ready(set),
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
];

fn ready(set: &StatefulSet) -> Value {
    let desired = set.spec.as_ref().and_then(|spec| spec.replicas);
    let ready = set.status.as_ref().and_then(|status| status.ready_replicas);
    format!("{}/{}", ready.unwrap_or(0), desired.unwrap_or(0)).into()
}

fn template(set: &StatefulSet, text: fn(&PodTemplateSpec) -> String) -> Value {
    let template = set.spec.as_ref().map(|spec| text(&spec.template));
    template.unwrap_or_default().into()
}
