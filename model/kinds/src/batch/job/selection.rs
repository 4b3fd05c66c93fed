//! How a job finds its pods: by a selector that it makes for itself, unless its author insists.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_api::views::meta::selector;
use gantry_base::FieldPath;
use gantry_base::selector::Labels;
use k8s_openapi::api::batch::v1::{Job, JobSpec};

use crate::parts::{label_selector, pod_template};

const UID: &str = "batch.kubernetes.io/controller-uid";
/// The labels that tell whose a pod is, and whether each holds the uid or else the name.
const LABELS: [(&str, bool); 4] = [
    ("controller-uid", true),
    ("job-name", false),
    (UID, true),
    ("batch.kubernetes.io/job-name", false),
];

/// Makes a selector, and labels in the template that it matches. What is there already stays, for
/// validation to judge.
pub(super) fn generate(job: &mut Job) {
    let own = own_labels(job);
    let uid = job.uid().to_owned();
    let spec = job.spec.get_or_insert_default();
    if spec.manual_selector == Some(true) {
        return;
    }
    let metadata = spec.template.metadata.get_or_insert_default();
    let labels = metadata.labels.get_or_insert_default();
    let inherited = *labels == *job.metadata.labels.get_or_insert_default();
    for (label, value) in own {
        labels.entry(label).or_insert(value);
    }
    if inherited {
        // A job without labels of its own has those of its pods.
        job.metadata.labels = Some(labels.clone());
    }
    let selector = spec.selector.get_or_insert_default();
    let wanted = selector.match_labels.get_or_insert_default();
    wanted.entry(UID.to_owned()).or_insert(uid);
}

fn own_labels(job: &Job) -> Labels {
    let label = |(label, is_uid): (&str, bool)| {
        let value = if is_uid { job.uid() } else { job.name() };
        (label.to_owned(), value.to_owned())
    };
    LABELS.into_iter().map(label).collect()
}

/// Checks that a generated selector is the one that would be generated.
pub(super) fn validate_generated(job: &Job, spec: &JobSpec, errors: &mut FieldErrors) {
    let Some(from) = spec
        .selector
        .as_ref()
        .filter(|_| spec.manual_selector != Some(true))
    else {
        return;
    };
    if job.uid().is_empty() {
        errors.required(&FieldPath::new("metadata").field("uid"), "");
    }
    let labels = pod_template::labels(&spec.template);
    let path = FieldPath::new("spec.template.metadata.labels");
    let expected = own_labels(job);
    for (label, value) in &expected {
        let detail = format!("must be '{value}'");
        match labels.get(label) {
            None => errors.required(&path.key(label), detail),
            Some(found) if found != value => errors.invalid(&path.key(label), labels, detail),
            Some(_) => {}
        }
    }
    if !selector(from).matches(&expected) {
        let path = FieldPath::new("spec").field("selector");
        errors.invalid(&path, from, "`selector` not auto-generated");
    }
}

/// Checks that the selector is there, and matches the job's own pods.
pub(super) fn validate(spec: &JobSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("selector");
    let Some(from) = &spec.selector else {
        errors.required(&at, "");
        return;
    };
    label_selector::validate(from, &at, errors);
    let labels = pod_template::labels(&spec.template);
    if !selector(from).matches(labels) {
        let at = path.field("template").field("metadata").field("labels");
        errors.invalid(&at, labels, "`selector` does not match template `labels`");
    }
}
