//! What an autoscaler measures, and what it wants to measure.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::autoscaling::v2::{
    ExternalMetricSource, MetricIdentifier, MetricSpec, MetricTarget, ObjectMetricSource,
    PodsMetricSource,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::rules;
use crate::parts::{check, resources};

const SOURCES: [&str; 5] = [
    "ContainerResource",
    "External",
    "Object",
    "Pods",
    "Resource",
];
const TARGETS: [&str; 3] = ["Utilization", "Value", "AverageValue"];

/// Checks all metrics.
pub(super) fn validate(metrics: &[MetricSpec], path: &FieldPath, errors: &mut FieldErrors) {
    for (index, metric) in metrics.iter().enumerate() {
        one(metric, &path.index(index), errors);
    }
}

fn one(metric: &MetricSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let kind = path.field("type");
    if metric.type_.is_empty() {
        errors.required(&kind, "must specify a metric source type");
    }
    if !SOURCES.contains(&metric.type_.as_str()) {
        errors.not_supported(&kind, &metric.type_, &SOURCES);
    }
    let present = sources(metric);
    if let Some(first) = present.first() {
        source(metric, first, path, errors);
    }
    let wanted = match metric.type_.as_str() {
        "ContainerResource" => "containerResource",
        "External" => "external",
        "Object" => "object",
        "Pods" => "pods",
        "Resource" => "resource",
        _ => "",
    };
    if !wanted.is_empty() && !present.contains(&wanted) {
        let detail = "must populate information for the given metric source";
        errors.required(&path.field(wanted), detail);
    }
    if present.len() != 1 {
        for other in present.iter().filter(|other| **other != wanted) {
            let detail = "must populate the given metric source only";
            errors.forbidden(&path.field(other), detail);
        }
    }
}

/// The sources that the metric tells about.
fn sources(metric: &MetricSpec) -> Vec<&'static str> {
    let all = [
        ("object", metric.object.is_some()),
        ("external", metric.external.is_some()),
        ("pods", metric.pods.is_some()),
        ("resource", metric.resource.is_some()),
        ("containerResource", metric.container_resource.is_some()),
    ];
    let present = all.into_iter().filter(|(_, is_there)| *is_there);
    present.map(|(source, _)| source).collect()
}

fn source(metric: &MetricSpec, called: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let path = path.field(called);
    if let Some(from) = metric.object.as_ref().filter(|_| called == "object") {
        object(from, &path, errors);
    }
    if let Some(from) = metric.external.as_ref().filter(|_| called == "external") {
        external(from, &path, errors);
    }
    if let Some(from) = metric.pods.as_ref().filter(|_| called == "pods") {
        pods(from, &path, errors);
    }
    if let Some(from) = metric.resource.as_ref().filter(|_| called == "resource") {
        resource(&from.name, &from.target, &path, errors);
    }
    let container = metric.container_resource.as_ref();
    if let Some(from) = container.filter(|_| called == "containerResource") {
        if from.container.is_empty() {
            errors.required(&path.field("container"), "must specify a container");
        }
        resource(&from.name, &from.target, &path, errors);
    }
}

fn object(from: &ObjectMetricSource, path: &FieldPath, errors: &mut FieldErrors) {
    rules::reference(
        &from.described_object,
        &path.field("describedObject"),
        errors,
    );
    identifier(&from.metric, &path.field("metric"), errors);
    target(&from.target, &path.field("target"), errors);
    value_or_average(&from.target, &path.field("target"), errors);
}

fn external(from: &ExternalMetricSource, path: &FieldPath, errors: &mut FieldErrors) {
    identifier(&from.metric, &path.field("metric"), errors);
    let path = path.field("target");
    target(&from.target, &path, errors);
    value_or_average(&from.target, &path, errors);
    if from.target.value.is_some() && from.target.average_value.is_some() {
        let detail = "may not set both a target value for metric and a per-pod target";
        errors.forbidden(&path.field("value"), detail);
    }
}

fn value_or_average(target: &MetricTarget, path: &FieldPath, errors: &mut FieldErrors) {
    if target.value.is_none() && target.average_value.is_none() {
        let detail = "must set either a target value for metric or a per-pod target";
        errors.required(&path.field("averageValue"), detail);
    }
}

fn pods(from: &PodsMetricSource, path: &FieldPath, errors: &mut FieldErrors) {
    identifier(&from.metric, &path.field("metric"), errors);
    let path = path.field("target");
    target(&from.target, &path, errors);
    if !from.target.average_value.as_ref().is_some_and(is_positive) {
        let detail = "must specify a positive target averageValue";
        errors.required(&path.field("averageValue"), detail);
    }
}

fn resource(called: &str, wanted: &MetricTarget, path: &FieldPath, errors: &mut FieldErrors) {
    if called.is_empty() {
        errors.required(&path.field("name"), "must specify a resource name");
    }
    let path = path.field("target");
    target(wanted, &path, errors);
    match (wanted.average_utilization, &wanted.average_value) {
        (None, None) => {
            let detail = "must set either a target raw value or a target utilization";
            errors.required(&path.field("averageUtilization"), detail);
        }
        (Some(_), Some(_)) => {
            let detail = "may not set both a target raw value and a target utilization";
            errors.forbidden(&path.field("averageValue"), detail);
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
}

fn identifier(metric: &MetricIdentifier, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("name");
    if metric.name.is_empty() {
        errors.required(&at, "must specify a metric name");
    } else {
        errors.named(&at, &metric.name, name::path_segment);
    }
}

fn target(target: &MetricTarget, path: &FieldPath, errors: &mut FieldErrors) {
    let kind = path.field("type");
    if target.type_.is_empty() {
        errors.required(&kind, "must specify a metric target type");
    }
    if !TARGETS.contains(&target.type_.as_str()) {
        let detail = "must be either Utilization, Value, or AverageValue";
        errors.invalid(&kind, &target.type_, detail);
    }
    let amounts = [
        ("value", &target.value),
        ("averageValue", &target.average_value),
    ];
    for (field, amount) in amounts {
        if let Some(amount) = amount.as_ref().filter(|amount| !is_positive(amount)) {
            errors.invalid(&path.field(field), &amount.0, "must be positive");
        }
    }
    let utilization = target.average_utilization.map(i64::from);
    check::positive(utilization, &path.field("averageUtilization"), errors);
}

fn is_positive(amount: &Quantity) -> bool {
    let amount = resources::amount(amount);
    amount.is_some_and(|amount| !amount.is_negative() && !amount.is_zero())
}
