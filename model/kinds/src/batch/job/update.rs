//! What of a job may change once it exists: hardly anything that concerns its pods.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Affinity, PodTemplateSpec};

use super::rules;

/// Checks a new specification against the old job.
pub(super) fn validate(new: &JobSpec, old: &Job, path: &FieldPath, errors: &mut FieldErrors) {
    let Some(before) = &old.spec else { return };
    completions(new, before, path, errors);
    errors.require_same(&path.field("selector"), &new.selector, &before.selector);
    let mut template = before.template.clone();
    if waits(old) {
        take_over(&new.template, &mut template);
    }
    errors.require_same(&path.field("template"), &new.template, &template);
    let mode = (&new.completion_mode, &before.completion_mode);
    errors.require_same(&path.field("completionMode"), mode.0, mode.1);
    let failure = (&new.pod_failure_policy, &before.pod_failure_policy);
    errors.require_same(&path.field("podFailurePolicy"), failure.0, failure.1);
    let retries = (
        &new.backoff_limit_per_index,
        &before.backoff_limit_per_index,
    );
    errors.require_same(&path.field("backoffLimitPerIndex"), retries.0, retries.1);
    errors.require_same(
        &path.field("managedBy"),
        &new.managed_by,
        &before.managed_by,
    );
    let success = (&new.success_policy, &before.success_policy);
    errors.require_same(&path.field("successPolicy"), success.0, success.1);
}

/// An indexed job may grow and shrink, if as many pods run at once as there are indexes.
fn completions(new: &JobSpec, old: &JobSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("completions");
    if !rules::is_indexed(new) {
        errors.require_same(&at, &new.completions, &old.completions);
        return;
    }
    let changed = new
        .completions
        .filter(|_| new.completions != old.completions);
    if let Some(completions) = changed.filter(|_| new.completions != new.parallelism) {
        let parallelism = path.field("parallelism");
        let detail = format!("can only be modified in tandem with {parallelism}");
        errors.invalid(&at, completions, detail);
    }
}

/// Whether no pod of the job has run yet, and none runs until somebody says so.
fn waits(job: &Job) -> bool {
    let suspended = job.spec.as_ref().and_then(|spec| spec.suspend);
    let started = job
        .status
        .as_ref()
        .and_then(|status| status.start_time.as_ref());
    suspended == Some(true) && started.is_none()
}

/// Takes over what says where pods go and what they are marked with.
fn take_over(new: &PodTemplateSpec, into: &mut PodTemplateSpec) {
    let (Some(from), Some(to)) = (&new.spec, &mut into.spec) else {
        return;
    };
    to.node_selector.clone_from(&from.node_selector);
    to.tolerations.clone_from(&from.tolerations);
    to.scheduling_gates.clone_from(&from.scheduling_gates);
    if to.affinity.is_some() || from.affinity.is_some() {
        let node_affinity = from.affinity.as_ref();
        let node_affinity = node_affinity.and_then(|affinity| affinity.node_affinity.clone());
        let merged = Affinity {
            node_affinity,
            ..to.affinity.take().unwrap_or_default()
        };
        // An affinity that says nothing is the same as none, when the new one is none.
        let is_void = from.affinity.is_none() && merged == Affinity::default();
        to.affinity = Some(merged).filter(|_| !is_void);
    }
    let marks = new.metadata.as_ref();
    let own = into.metadata.get_or_insert_default();
    own.labels = marks.and_then(|marks| marks.labels.clone());
    own.annotations = marks.and_then(|marks| marks.annotations.clone());
}
