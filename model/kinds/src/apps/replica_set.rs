//! `ReplicaSet`: a number of equal pods.

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetSpec, ReplicaSetStatus};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

use crate::column::Column;
use crate::descriptor::{ScalePaths, SelectableField};
use crate::kind::Kind;
use crate::parts::{check, label_selector, pod_template, replicas};
use crate::rules::Rules;
use crate::subresource::Subresource;

/// A number of equal pods.
#[derive(Debug)]
pub struct ReplicaSets;

impl Kind for ReplicaSets {
    type Object = ReplicaSet;

    const SHORT: &'static [&'static str] = &["rs"];
    const CATEGORIES: &'static [&'static str] = &["all"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Scale, Subresource::Status];
    const COLUMNS: &'static [Column<ReplicaSet>] = COLUMNS;
    const RULES: Rules = Rules::new().with_status().counting(&[&["spec"]]);
    const FIELDS: &'static [SelectableField] = &[SelectableField {
        label: "status.replicas",
        read: |set: &Object| {
            let count = set.at(&["status", "replicas"]).and_then(Value::as_i64);
            count.unwrap_or(0).to_string()
        },
    }];
    const SCALE: Option<ScalePaths> = Some(ScalePaths {
        spec_replicas: &["spec", "replicas"],
        status_replicas: &["status", "replicas"],
        selector: &["spec", "selector"],
    });

    fn default(set: &mut ReplicaSet) {
        let spec = set.spec.get_or_insert_default();
        spec.replicas.get_or_insert(1);
        spec.min_ready_seconds = spec.min_ready_seconds.filter(|seconds| *seconds != 0);
        pod_template::default(spec.template.get_or_insert_default());
    }

    fn prepare(set: &mut ReplicaSet, old: Option<&ReplicaSet>) {
        if old.is_none() {
            set.status = Some(ReplicaSetStatus::default());
        }
    }

    fn validate(set: &ReplicaSet, old: Option<&ReplicaSet>, errors: &mut FieldErrors) {
        let none = ReplicaSetSpec::default();
        let spec = set.spec.as_ref().unwrap_or(&none);
        validate_spec(spec, errors);
        if let Some(old) = old.and_then(|old| old.spec.as_ref()) {
            let path = FieldPath::new("spec").field("selector");
            errors.require_same(&path, &spec.selector, &old.selector);
        }
    }

    fn warnings(set: &ReplicaSet, old: Option<&ReplicaSet>) -> Vec<String> {
        let name = pod_template::name_warning(set.name()).filter(|_| old.is_none());
        let spec = set.spec.as_ref();
        let template = spec.and_then(|spec| spec.template.as_ref());
        name.into_iter()
            .chain(template.map(pod_template::warnings).unwrap_or_default())
            .collect()
    }

    fn validate_status(set: &ReplicaSet, _old: &ReplicaSet, errors: &mut FieldErrors) {
        let Some(status) = &set.status else { return };
        let counts = [
            ("fullyLabeledReplicas", status.fully_labeled_replicas),
            ("readyReplicas", status.ready_replicas),
            ("availableReplicas", status.available_replicas),
        ];
        replicas::validate_status(&counts, status.replicas, errors);
        replicas::available(status.available_replicas, status.ready_replicas, errors);
        let others = [
            ("observedGeneration", status.observed_generation),
            (
                "terminatingReplicas",
                status.terminating_replicas.map(i64::from),
            ),
        ];
        replicas::counts(&others, errors);
    }
}

fn validate_spec(spec: &ReplicaSetSpec, errors: &mut FieldErrors) {
    let path = FieldPath::new("spec");
    check::not_negative(
        spec.replicas.map(i64::from),
        &path.field("replicas"),
        errors,
    );
    let seconds = spec.min_ready_seconds.map(i64::from);
    check::not_negative(seconds, &path.field("minReadySeconds"), errors);
    let at = path.field("template");
    let none = PodTemplateSpec::default();
    let template = spec.template.as_ref().unwrap_or(&none);
    label_selector::of_workload(
        &spec.selector,
        pod_template::labels(template),
        &path,
        errors,
    );
    pod_template::validate(template, &at, errors);
    pod_template::runs_forever(template, "ReplicaSet", &at, errors);
}

const COLUMNS: &[Column<ReplicaSet>] = &[
    Column::NAME,
    Column::integer("Desired", "How many pods are asked for.", |set, _| {
        set.spec
            .as_ref()
            .and_then(|spec| spec.replicas)
            .unwrap_or(0)
            .into()
    }),
    Column::integer("Current", "How many pods there are.", |set, _| {
        set.status
            .as_ref()
            .map_or(0, |status| status.replicas)
            .into()
    }),
    Column::integer("Ready", "How many pods are ready.", |set, _| {
        set.status
            .as_ref()
            .and_then(|status| status.ready_replicas)
            .unwrap_or(0)
            .into()
    }),
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

fn template(set: &ReplicaSet, text: fn(&PodTemplateSpec) -> String) -> Value {
    let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
    template.map(text).unwrap_or_default().into()
}

fn selector(set: &ReplicaSet) -> Value {
    label_selector::shown(set.spec.as_ref().map(|spec| &spec.selector)).into()
}
