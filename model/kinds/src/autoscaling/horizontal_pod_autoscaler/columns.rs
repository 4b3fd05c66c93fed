//! What `kubectl get horizontalpodautoscalers` shows, for both versions.

use std::borrow::Cow;
use std::marker::PhantomData;

use k8s_openapi::Metadata;
use k8s_openapi::api::autoscaling::v1;
use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec, MetricStatus, MetricTarget,
    MetricValueStatus,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::convert;
use crate::column::Column;
use crate::parts::cell;

/// How many metrics a row shows.
const SHOWN: usize = 2;

/// An autoscaler that can be seen in the form of the second version.
pub(super) trait Scaler: Metadata<Ty = ObjectMeta> + 'static {
    fn second(&self) -> Cow<'_, HorizontalPodAutoscaler>;
}

impl Scaler for HorizontalPodAutoscaler {
    fn second(&self) -> Cow<'_, HorizontalPodAutoscaler> {
        Cow::Borrowed(self)
    }
}

impl Scaler for v1::HorizontalPodAutoscaler {
    fn second(&self) -> Cow<'_, HorizontalPodAutoscaler> {
        Cow::Owned(convert::second(self).unwrap_or_default())
    }
}

/// The columns over objects of one version.
pub(super) struct Table<T>(PhantomData<T>);

impl<T: Scaler> Table<T> {
    pub(super) const COLUMNS: &'static [Column<T>] = &[
        Column::NAME,
        Column::text("Reference", "What it scales.", |scaler, _| {
            spec(scaler, |spec| {
                let to = &spec.scale_target_ref;
                format!("{}/{}", to.kind, to.name).into()
            })
        }),
        Column::text(
            "Targets",
            "What is measured, and what should be.",
            |scaler, _| targets(&scaler.second()),
        ),
        Column::text("MinPods", "At least so many pods.", |scaler, _| {
            spec(scaler, |spec| match spec.min_replicas {
                Some(least) => least.to_string().into(),
                None => "<unset>".into(),
            })
        }),
        Column::text("MaxPods", "At most so many pods.", |scaler, _| {
            spec(scaler, |spec| spec.max_replicas.into())
        }),
        Column::text("Replicas", "So many pods there are.", |scaler, _| {
            let scaler = scaler.second();
            let status = scaler.status.as_ref();
            let current = status.and_then(|status| status.current_replicas);
            current.unwrap_or(0).into()
        }),
        Column::AGE,
    ];
}

fn spec<T: Scaler>(scaler: &T, show: fn(&HorizontalPodAutoscalerSpec) -> Value) -> Value {
    let scaler = scaler.second();
    scaler.spec.as_ref().map(show).unwrap_or_default()
}

fn targets(scaler: &HorizontalPodAutoscaler) -> Value {
    let wanted = scaler
        .spec
        .as_ref()
        .and_then(|spec| spec.metrics.as_deref());
    let wanted = wanted.unwrap_or(&[]);
    let status = scaler.status.as_ref();
    let found = status.and_then(|status| status.current_metrics.as_deref());
    let found = found.unwrap_or(&[]);
    if wanted.is_empty() {
        return cell::NONE.into();
    }
    let shown = wanted.iter().enumerate().take(SHOWN);
    let shown: Vec<String> = shown
        .map(|(index, metric)| target(metric, found.get(index)))
        .collect();
    let shown = shown.join(", ");
    match wanted.len().checked_sub(SHOWN) {
        None | Some(0) => shown.into(),
        Some(more) => format!("{shown} + {more} more...").into(),
    }
}

fn target(wanted: &MetricSpec, found: Option<&MetricStatus>) -> String {
    match wanted.type_.as_str() {
        "External" => {
            let found = found.and_then(|found| Some(&found.external.as_ref()?.current));
            let wanted = wanted.external.as_ref().map(|wanted| &wanted.target);
            value_or_average(wanted, found)
        }
        "Object" => {
            let found = found.and_then(|found| Some(&found.object.as_ref()?.current));
            let wanted = wanted.object.as_ref().map(|wanted| &wanted.target);
            value_or_average(wanted, found)
        }
        "Pods" => {
            let found = found.and_then(|found| found.pods.as_ref()?.current.average_value.as_ref());
            let wanted = wanted.pods.as_ref();
            let wanted = wanted.and_then(|wanted| wanted.target.average_value.as_ref());
            format!("{}/{}", amount(found), amount(wanted))
        }
        "Resource" => {
            let found = found.and_then(|found| Some(&found.resource.as_ref()?.current));
            let wanted = wanted.resource.as_ref();
            wanted.map_or_else(String::new, |wanted| {
                format!("{}: {}", wanted.name, used(&wanted.target, found))
            })
        }
        "ContainerResource" => {
            let found = found.and_then(|found| Some(&found.container_resource.as_ref()?.current));
            let wanted = wanted.container_resource.as_ref();
            wanted.map_or_else(String::new, |wanted| {
                format!("{}: {}", wanted.name, used(&wanted.target, found))
            })
        }
        _ => "<unknown type>".to_owned(),
    }
}

fn value_or_average(wanted: Option<&MetricTarget>, found: Option<&MetricValueStatus>) -> String {
    let average = wanted.and_then(|wanted| wanted.average_value.as_ref());
    if let Some(average) = average {
        let found = found.and_then(|found| found.average_value.as_ref());
        return format!("{}/{} (avg)", amount(found), average.0);
    }
    let found = found.and_then(|found| found.value.as_ref());
    let wanted = wanted.and_then(|wanted| wanted.value.as_ref());
    format!("{}/{}", amount(found), amount(wanted))
}

fn used(wanted: &MetricTarget, found: Option<&MetricValueStatus>) -> String {
    if let Some(average) = &wanted.average_value {
        let found = found.and_then(|found| found.average_value.as_ref());
        return format!("{}/{}", amount(found), average.0);
    }
    let percent = |percent: Option<i32>, none: &str| {
        percent.map_or_else(|| none.to_owned(), |percent| format!("{percent}%"))
    };
    let found = percent(
        found.and_then(|found| found.average_utilization),
        cell::UNKNOWN,
    );
    format!("{found}/{}", percent(wanted.average_utilization, "<auto>"))
}

fn amount(amount: Option<&Quantity>) -> &str {
    amount.map_or(cell::UNKNOWN, |amount| &amount.0)
}
