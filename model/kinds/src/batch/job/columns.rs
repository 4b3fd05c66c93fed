//! What `kubectl get jobs` shows.

use gantry_api::views::Meta;
use gantry_base::time::{self, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

use super::status;
use crate::column::Column;
use crate::parts::{cell, label_selector, pod_template};

pub(super) const COLUMNS: &[Column<Job>] = &[
    Column::NAME,
    Column::text("Status", "What has become of it so far.", |job, _| {
        state(job).into()
    }),
    Column::text(
        "Completions",
        "How many pods have succeeded, of how many.",
        |job, _| completions(job).into(),
    ),
    Column::text(
        "Duration",
        "How long it has been running, or how long it ran.",
        |job, now| duration(job, now).into(),
    ),
    Column::AGE,
    Column::text("Containers", "The names of its containers.", |job, _| {
        template(job, pod_template::container_names)
    })
    .wide(),
    Column::text("Images", "The images of its containers.", |job, _| {
        template(job, pod_template::images)
    })
    .wide(),
    Column::text("Selector", "The labels of its pods.", |job, _| {
        selector(job)
    })
    .wide(),
];

fn state(job: &Job) -> &'static str {
    let has = |kind: &str| {
        let status = job.status.as_ref();
        status.is_some_and(|status| status::has(status, kind))
    };
    if has("Complete") {
        "Complete"
    } else if has("Failed") {
        "Failed"
    } else if job.is_terminating() {
        "Terminating"
    } else if has("Suspended") {
        "Suspended"
    } else if has("FailureTarget") {
        "FailureTarget"
    } else if has("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

fn completions(job: &Job) -> String {
    let succeeded = job.status.as_ref().and_then(|status| status.succeeded);
    let succeeded = succeeded.unwrap_or(0);
    let spec = job.spec.as_ref();
    let parallelism = spec.and_then(|spec| spec.parallelism).unwrap_or(0);
    match spec.and_then(|spec| spec.completions) {
        Some(completions) => format!("{succeeded}/{completions}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    }
}

fn duration(job: &Job, now: Timestamp) -> String {
    let status = job.status.as_ref();
    let start = status.and_then(|status| cell::moment(status.start_time.as_ref()));
    let end = status.and_then(|status| cell::moment(status.completion_time.as_ref()));
    start.map_or_else(String::new, |start| {
        time::age(time::since(end.unwrap_or(now), start))
    })
}

fn template(job: &Job, text: fn(&PodTemplateSpec) -> String) -> Value {
    let template = job.spec.as_ref().map(|spec| text(&spec.template));
    template.unwrap_or_default().into()
}

fn selector(job: &Job) -> Value {
    label_selector::shown(job.spec.as_ref().and_then(|spec| spec.selector.as_ref())).into()
}
