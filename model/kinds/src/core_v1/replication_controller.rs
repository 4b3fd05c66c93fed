//! `ReplicationController`: a number of equal pods, in the way of the first years.

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use gantry_base::selector::Selector;
use k8s_openapi::api::core::v1::{
    ReplicationController, ReplicationControllerSpec, ReplicationControllerStatus,
};
use serde_json::Value;

use crate::column::Column;
use crate::cost::Counted;
use crate::descriptor::{ScalePaths, SelectableField};
use crate::kind::Kind;
use crate::parts::{cell, check, pod_template, replicas};
use crate::rules::Rules;
use crate::subresource::Subresource;

/// A number of equal pods, in the way of the first years.
#[derive(Debug)]
pub struct ReplicationControllers;

impl Kind for ReplicationControllers {
    type Object = ReplicationController;

    const SHORT: &'static [&'static str] = &["rc"];
    const CATEGORIES: &'static [&'static str] = &["all"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Scale, Subresource::Status];
    const COLUMNS: &'static [Column<ReplicationController>] = COLUMNS;
    const RULES: Rules = Rules::new()
        .with_status()
        .counting(&[&["spec"]])
        .leaving_dependents("")
        .counted(Counted::ByPlural);
    const FIELDS: &'static [SelectableField] = &[SelectableField {
        label: "status.replicas",
        read: |controller: &Object| {
            let count = controller
                .at(&["status", "replicas"])
                .and_then(Value::as_i64);
            count.unwrap_or(0).to_string()
        },
    }];
    const SCALE: Option<ScalePaths> = Some(ScalePaths {
        spec_replicas: &["spec", "replicas"],
        status_replicas: &["status", "replicas"],
        selector: &["spec", "selector"],
    });

    fn default(controller: &mut ReplicationController) {
        let spec = controller.spec.get_or_insert_default();
        spec.replicas.get_or_insert(1);
        spec.min_ready_seconds = spec.min_ready_seconds.filter(|seconds| *seconds != 0);
        let Some(template) = &mut spec.template else {
            return;
        };
        pod_template::default(template);
        let labels = pod_template::labels(template).clone();
        if labels.is_empty() {
            return;
        }
        if spec
            .selector
            .as_ref()
            .is_none_or(|selector| selector.is_empty())
        {
            spec.selector = Some(labels.clone());
        }
        if controller
            .metadata
            .labels
            .as_ref()
            .is_none_or(|labels| labels.is_empty())
        {
            controller.metadata.labels = Some(labels);
        }
    }

    fn prepare(controller: &mut ReplicationController, old: Option<&ReplicationController>) {
        if old.is_none() {
            controller.status = Some(ReplicationControllerStatus::default());
        }
    }

    fn validate(
        controller: &ReplicationController,
        _old: Option<&ReplicationController>,
        errors: &mut FieldErrors,
    ) {
        let none = ReplicationControllerSpec::default();
        spec(controller.spec.as_ref().unwrap_or(&none), errors);
    }

    fn warnings(
        controller: &ReplicationController,
        old: Option<&ReplicationController>,
    ) -> Vec<String> {
        let name = pod_template::name_warning(controller.name()).filter(|_| old.is_none());
        let spec = controller.spec.as_ref();
        let template = spec.and_then(|spec| spec.template.as_ref());
        name.into_iter()
            .chain(template.map(pod_template::warnings).unwrap_or_default())
            .collect()
    }

    fn validate_status(
        controller: &ReplicationController,
        _old: &ReplicationController,
        errors: &mut FieldErrors,
    ) {
        let Some(status) = &controller.status else {
            return;
        };
        let counts = [
            ("fullyLabeledReplicas", status.fully_labeled_replicas),
            ("readyReplicas", status.ready_replicas),
            ("availableReplicas", status.available_replicas),
        ];
        replicas::validate_status(&counts, status.replicas, errors);
        replicas::available(status.available_replicas, status.ready_replicas, errors);
        let others = [("observedGeneration", status.observed_generation)];
        replicas::counts(&others, errors);
    }
}

fn spec(spec: &ReplicationControllerSpec, errors: &mut FieldErrors) {
    let path = FieldPath::new("spec");
    let seconds = spec.min_ready_seconds.map(i64::from);
    check::not_negative(seconds, &path.field("minReadySeconds"), errors);
    let selector = spec
        .selector
        .as_ref()
        .filter(|selector| !selector.is_empty());
    if selector.is_none() {
        errors.required(&path.field("selector"), "");
    }
    check::not_negative(
        spec.replicas.map(i64::from),
        &path.field("replicas"),
        errors,
    );
    let at = path.field("template");
    let Some(template) = &spec.template else {
        errors.required(&at, "");
        return;
    };
    let labels = pod_template::labels(template);
    if selector.is_some_and(|selector| !Selector::exactly(selector).matches(labels)) {
        let detail = "`selector` does not match template `labels`";
        errors.invalid(&at.field("metadata").field("labels"), labels, detail);
    }
    pod_template::validate(template, &at, errors);
    pod_template::runs_forever(template, "ReplicationController", &at, errors);
}

const COLUMNS: &[Column<ReplicationController>] = &[
    Column::NAME,
    Column::integer(
        "Desired",
        "How many pods are asked for.",
        |controller, _| {
            controller
                .spec
                .as_ref()
                .and_then(|spec| spec.replicas)
                .unwrap_or(0)
                .into()
        },
    ),
    Column::integer("Current", "How many pods there are.", |controller, _| {
        controller
            .status
            .as_ref()
            .map_or(0, |status| status.replicas)
            .into()
    }),
    Column::integer("Ready", "How many pods are ready.", |controller, _| {
        controller
            .status
            .as_ref()
            .and_then(|status| status.ready_replicas)
            .unwrap_or(0)
            .into()
    }),
    Column::AGE,
    Column::text(
        "Containers",
        "The names of its containers.",
        |controller, _| template(controller, pod_template::container_names),
    )
    .wide(),
    Column::text(
        "Images",
        "The images of its containers.",
        |controller, _| template(controller, pod_template::images),
    )
    .wide(),
    Column::text("Selector", "The labels of its pods.", |controller, _| {
        selector(controller)
    })
    .wide(),
];

fn template(
    controller: &ReplicationController,
    text: fn(&k8s_openapi::api::core::v1::PodTemplateSpec) -> String,
) -> Value {
    let template = controller
        .spec
        .as_ref()
        .and_then(|spec| spec.template.as_ref());
    template.map(text).unwrap_or_default().into()
}

fn selector(controller: &ReplicationController) -> Value {
    cell::labels(
        controller
            .spec
            .iter()
            .flat_map(|spec| spec.selector.iter().flatten()),
    )
}
