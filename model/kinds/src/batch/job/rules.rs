//! What must hold for the specification of a job, on its own or in a template.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::batch::v1::JobSpec;

use super::policies;
use crate::parts::{check, pod_template};

const INDEXED: &str = "Indexed";
const MODES: [&str; 2] = ["Indexed", "NonIndexed"];
/// Above so many indexes, what can fail and what can run at once is limited.
const MANY_INDEXES: i32 = 100_000;
/// What is allowed of failures and of pods at once when there are many indexes.
const FEW: i32 = 10_000;
const MANAGER_MAX: usize = 63;

/// Checks a job's specification, all but its selector.
pub(in crate::batch) fn validate(spec: &JobSpec, path: &FieldPath, errors: &mut FieldErrors) {
    counts(spec, path, errors);
    if let Some(manager) = &spec.managed_by {
        managed_by(manager, &path.field("managedBy"), errors);
    }
    completion_mode(spec, path, errors);
    if let Some(policy) = &spec.pod_failure_policy {
        policies::failure(policy, spec, &path.field("podFailurePolicy"), errors);
    }
    if let Some(policy) = &spec.success_policy {
        policies::success(policy, spec, &path.field("successPolicy"), errors);
    }
    replacement(spec, &path.field("podReplacementPolicy"), errors);
    let at = path.field("template");
    pod_template::validate(&spec.template, &at, errors);
    restarts(spec, &at.field("spec").field("restartPolicy"), errors);
}

/// Whether each pod has an index.
pub(super) fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some(INDEXED)
}

fn counts(spec: &JobSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let counts = [
        ("parallelism", spec.parallelism.map(i64::from)),
        ("completions", spec.completions.map(i64::from)),
        ("activeDeadlineSeconds", spec.active_deadline_seconds),
        ("backoffLimit", spec.backoff_limit.map(i64::from)),
        (
            "ttlSecondsAfterFinished",
            spec.ttl_seconds_after_finished.map(i64::from),
        ),
        (
            "backoffLimitPerIndex",
            spec.backoff_limit_per_index.map(i64::from),
        ),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from)),
    ];
    for (field, count) in counts {
        check::not_negative(count, &path.field(field), errors);
    }
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        let detail = "when maxFailedIndexes is specified";
        errors.required(&path.field("backoffLimitPerIndex"), detail);
    }
}

fn managed_by(manager: &str, path: &FieldPath, errors: &mut FieldErrors) {
    match manager.split_once('/') {
        _ if manager.is_empty() => errors.required(path, ""),
        Some((domain, rest)) if !domain.is_empty() && !rest.is_empty() => {
            errors.named(path, domain, name::dns_subdomain);
        }
        _ => {
            let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            errors.invalid(path, manager, detail);
        }
    }
    if manager.len() > MANAGER_MAX {
        errors.too_long(path, MANAGER_MAX);
    }
}

fn completion_mode(spec: &JobSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let mode = spec.completion_mode.as_deref();
    if let Some(mode) = mode.filter(|mode| !MODES.contains(mode)) {
        errors.not_supported(&path.field("completionMode"), mode, &MODES);
    }
    if is_indexed(spec) {
        match spec.completions {
            Some(completions) => indexed(spec, completions, path, errors),
            None => errors.required(
                &path.field("completions"),
                format!("when completion mode is {INDEXED}"),
            ),
        }
        return;
    }
    let per_index = [
        ("backoffLimitPerIndex", spec.backoff_limit_per_index),
        ("maxFailedIndexes", spec.max_failed_indexes),
    ];
    for (field, number) in per_index {
        if let Some(number) = number {
            errors.invalid(
                &path.field(field),
                number,
                "requires indexed completion mode",
            );
        }
    }
}

fn indexed(spec: &JobSpec, completions: i32, path: &FieldPath, errors: &mut FieldErrors) {
    let (parallel, failed) = (path.field("parallelism"), path.field("maxFailedIndexes"));
    let above = |number: Option<i32>, most: i32| number.filter(|number| *number > most);
    if let Some(number) = above(spec.parallelism, MANY_INDEXES) {
        let detail = format!(
            "must be less than or equal to {MANY_INDEXES} when completion mode is {INDEXED}"
        );
        errors.invalid(&parallel, number, detail);
    }
    if let Some(number) = above(spec.max_failed_indexes, completions) {
        errors.invalid(&failed, number, "must be less than or equal to completions");
    }
    if let Some(number) = above(spec.max_failed_indexes, MANY_INDEXES) {
        let detail = format!("must be less than or equal to {MANY_INDEXES}");
        errors.invalid(&failed, number, detail);
    }
    if completions <= MANY_INDEXES || spec.backoff_limit_per_index.is_none() {
        return;
    }
    if spec.max_failed_indexes.is_none() {
        let detail = format!("must be specified when completions is above {MANY_INDEXES}");
        errors.required(&failed, detail);
    }
    for (number, at) in [
        (spec.parallelism, &parallel),
        (spec.max_failed_indexes, &failed),
    ] {
        if let Some(number) = above(number, FEW) {
            let detail = format!(
                "must be less than or equal to {FEW} when completions are above {MANY_INDEXES} \
                 and used with backoff limit per index"
            );
            errors.invalid(at, number, detail);
        }
    }
}

fn replacement(spec: &JobSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let known: &[&str] = if spec.pod_failure_policy.is_some() {
        &["Failed"]
    } else {
        &["Failed", "TerminatingOrFailed"]
    };
    let policy = spec.pod_replacement_policy.as_deref();
    if let Some(policy) = policy.filter(|policy| !known.contains(policy)) {
        errors.not_supported(path, policy, known);
    }
}

/// A pod of a job ends; it is its author who has to say what happens when it fails.
fn restarts(spec: &JobSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let pods = spec.template.spec.as_ref();
    match pods.and_then(|pods| pods.restart_policy.as_deref()) {
        None | Some("" | "Always") => {
            errors.required(path, "valid values: \"OnFailure\", \"Never\"");
        }
        Some("Never") => {}
        Some("OnFailure") if spec.pod_failure_policy.is_none() => {}
        Some("OnFailure") => {
            let detail = "only \"Never\" is supported when podFailurePolicy is specified";
            errors.invalid(path, "OnFailure", detail);
        }
        Some(other) => errors.not_supported(path, other, &["Never", "OnFailure"]),
    }
}

/// Checks that all pods of an indexed job called `job` get legal host names.
pub(super) fn host_names(job: &str, spec: &JobSpec, errors: &mut FieldErrors) {
    let completions = spec.completions.filter(|count| *count > 0);
    let Some(last) = completions.filter(|_| is_indexed(spec)) else {
        return;
    };
    let host = format!("{job}-{}", last - 1);
    if !name::dns_label(&host).is_empty() {
        let path = FieldPath::new("metadata").field("name");
        let detail = format!("will not able to create pod with invalid DNS label: {host}");
        errors.invalid(&path, job, detail);
    }
}

/// What the writer of a specification should know although nothing is wrong.
pub(in crate::batch) fn warnings(spec: &JobSpec, path: &FieldPath) -> Vec<String> {
    let mut told = Vec::new();
    let above = |number: Option<i32>, most: i32| number.is_some_and(|number| number > most);
    if is_indexed(spec) && above(spec.completions, MANY_INDEXES) && above(spec.parallelism, FEW) {
        told.push(format!(
            "{path}: In Indexed Jobs with a number of completions higher than 10^5 and a \
             parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes \
             when a big number of indexes fail"
        ));
    }
    told.extend(pod_template::warnings_at(
        &spec.template,
        &path.field("template"),
    ));
    told
}
