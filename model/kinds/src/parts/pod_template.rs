//! The template that workloads make pods from.

use gantry_api::field_error::FieldErrors;
use gantry_base::selector::Labels;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{cell, meta, pod_default, pod_spec};

const NAME_IN_PODS: &str = "metadata.name: this is used in Pod names and hostnames, which can \
                            result in surprising behavior; a DNS label is recommended";

/// What is told to the writer of a name that pods get, and that is no good host name.
#[must_use]
pub fn name_warning(workload: &str) -> Option<String> {
    let wrong = name::dns_label(workload);
    (!wrong.is_empty()).then(|| format!("{NAME_IN_PODS}: [{}]", wrong.join(" ")))
}

/// Fills in what a template may leave out.
pub fn default(template: &mut PodTemplateSpec) {
    // What only the server writes means nothing in a template.
    if let Some(metadata) = &mut template.metadata {
        metadata.creation_timestamp = None;
    }
    if let Some(spec) = &mut template.spec {
        pod_default::default(spec);
    }
}

/// Checks a template.
pub fn validate(template: &PodTemplateSpec, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(ObjectMeta {
        labels,
        annotations,
        ..
    }) = &template.metadata
    {
        if let Some(labels) = labels {
            meta::labels(labels, &path.field("labels"), errors);
        }
        if let Some(annotations) = annotations {
            meta::annotations(annotations, &path.field("annotations"), errors);
        }
    }
    let path = path.field("spec");
    let Some(spec) = &template.spec else {
        errors.required(&path.field("containers"), "");
        return;
    };
    pod_spec::validate(spec, &path, errors);
    let debugging = spec.ephemeral_containers.as_ref();
    if debugging.is_some_and(|containers| !containers.is_empty()) {
        let detail = "ephemeral containers not allowed in pod template";
        errors.forbidden(&path.field("ephemeralContainers"), detail);
    }
}

/// Checks what holds for workloads whose pods never end by themselves. `kind` is how it is called.
pub fn runs_forever(
    template: &PodTemplateSpec,
    kind: &str,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let Some(spec) = &template.spec else { return };
    let path = path.field("spec");
    if let Some(policy) = spec
        .restart_policy
        .as_deref()
        .filter(|policy| *policy != "Always")
    {
        errors.not_supported(&path.field("restartPolicy"), policy, &["Always"]);
    }
    if spec.active_deadline_seconds.is_some() {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.forbidden(&path.field("activeDeadlineSeconds"), detail);
    }
}

/// What the writer of a template should know although nothing is wrong.
#[must_use]
pub fn warnings(template: &PodTemplateSpec) -> Vec<String> {
    warnings_at(template, &FieldPath::new("spec.template"))
}

/// The same for a template that lies at `path`.
#[must_use]
pub fn warnings_at(template: &PodTemplateSpec, path: &FieldPath) -> Vec<String> {
    let path = path.field("spec");
    let spec = template.spec.as_ref();
    spec.map(|spec| pod_spec::warnings(spec, &path))
        .unwrap_or_default()
}

/// The labels of the pods to be.
#[must_use]
pub fn labels(template: &PodTemplateSpec) -> &Labels {
    static NONE: Labels = Labels::new();
    let labels = template
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.labels.as_ref());
    labels.unwrap_or(&NONE)
}

/// The names of the containers, as tables show them.
#[must_use]
pub fn container_names(template: &PodTemplateSpec) -> String {
    joined(template, |container| &container.name)
}

/// The images of the containers, as tables show them.
#[must_use]
pub fn images(template: &PodTemplateSpec) -> String {
    joined(template, |container| {
        container.image.as_deref().unwrap_or(cell::NONE)
    })
}

fn joined(template: &PodTemplateSpec, text: fn(&Container) -> &str) -> String {
    let containers = template.spec.iter().flat_map(|spec| &spec.containers);
    containers.map(text).collect::<Vec<_>>().join(",")
}
