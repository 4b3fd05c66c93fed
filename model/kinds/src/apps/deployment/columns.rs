//! What `kubectl get deployments` shows.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

use crate::column::Column;
use crate::parts::{label_selector, pod_template};

pub(super) const COLUMNS: &[Column<Deployment>] = &[
    Column::NAME,
    Column::text(
        "Ready",
        "How many pods are ready, of how many.",
        |deployment, _| ready(deployment),
    ),
    Column::text(
        "Up-to-date",
        "How many pods have the newest template.",
        |deployment, _| count(deployment, |status| status.updated_replicas).into(),
    ),
    Column::text(
        "Available",
        "How many pods have been ready for long enough.",
        |deployment, _| count(deployment, |status| status.available_replicas).into(),
    ),
    Column::AGE,
    Column::text(
        "Containers",
        "The names of its containers.",
        |deployment, _| template(deployment, pod_template::container_names),
    )
    .wide(),
    Column::text(
        "Images",
        "The images of its containers.",
        |deployment, _| template(deployment, pod_template::images),
    )
    .wide(),
    Column::text("Selector", "The labels of its pods.", |deployment, _| {
        selector(deployment)
    })
    .wide(),
];

fn ready(deployment: &Deployment) -> Value {
    let desired = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.replicas)
        .unwrap_or(0);
    format!(
        "{}/{desired}",
        count(deployment, |status| status.ready_replicas)
    )
    .into()
}

fn count(deployment: &Deployment, field: fn(&DeploymentStatus) -> Option<i32>) -> i32 {
    deployment.status.as_ref().and_then(field).unwrap_or(0)
}

fn template(deployment: &Deployment, text: fn(&PodTemplateSpec) -> String) -> Value {
    deployment
        .spec
        .as_ref()
        .map(|spec| text(&spec.template))
        .unwrap_or_default()
        .into()
}

fn selector(deployment: &Deployment) -> Value {
    label_selector::shown(deployment.spec.as_ref().map(|spec| &spec.selector)).into()
}
