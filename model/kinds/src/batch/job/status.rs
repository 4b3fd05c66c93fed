//! What must hold for the status of a job. A rule is applied when what it is about was touched, so
//! that an older status can still be brought forward.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::batch::v1::{Job, JobStatus};

use super::{indexes, rules};
use crate::parts::{cell, replicas};

const TERMINAL: [&str; 3] = ["Failed", "Complete", "FailureTarget"];

/// Checks the status of `job`, which replaces that of `old`.
pub(super) fn validate(job: &Job, old: &Job, errors: &mut FieldErrors) {
    let none = JobStatus::default();
    let (new, old) = (
        job.status.as_ref().unwrap_or(&none),
        old.status.as_ref().unwrap_or(&none),
    );
    let path = FieldPath::new("status");
    counts(new, old, errors);
    uncounted(new, &path.field("uncountedTerminatedPods"), errors);
    conditions(new, old, &path.field("conditions"), errors);
    times(job, new, old, &path, errors);
    if is_finished(new) && !is_finished(old) {
        nothing_left(new, &path, errors);
    }
    which(job, new, old, &path, errors);
}

fn counts(new: &JobStatus, old: &JobStatus, errors: &mut FieldErrors) {
    let counts = [
        ("active", new.active.map(i64::from)),
        ("succeeded", new.succeeded.map(i64::from)),
        ("failed", new.failed.map(i64::from)),
        ("ready", new.ready.map(i64::from)),
        ("terminating", new.terminating.map(i64::from)),
    ];
    replicas::counts(&counts, errors);
    let path = FieldPath::new("status");
    let active = new.active.unwrap_or(0);
    if let Some(ready) = new
        .ready
        .filter(|ready| *ready > active && new.ready != old.ready)
    {
        let detail = "cannot set more ready pods than active";
        errors.invalid(&path.field("ready"), ready, detail);
    }
    if new.failed.unwrap_or(0) < old.failed.unwrap_or(0) {
        let detail = "cannot decrease the failed counter";
        errors.invalid(&path.field("failed"), new.failed.unwrap_or(0), detail);
    }
}

/// Each pod whose end is yet to be counted is listed once.
fn uncounted(new: &JobStatus, path: &FieldPath, errors: &mut FieldErrors) {
    let Some(pods) = &new.uncounted_terminated_pods else {
        return;
    };
    let mut seen = BTreeSet::new();
    for (field, uids) in [("succeeded", &pods.succeeded), ("failed", &pods.failed)] {
        for (index, uid) in uids.iter().flatten().enumerate() {
            let path = path.field(field).index(index);
            if uid.is_empty() {
                errors.invalid(&path, uid, "must not be empty");
            } else if !seen.insert(uid) {
                errors.duplicate(&path, uid);
            }
        }
    }
}

/// Whether the status has the condition `kind`, and it is true.
pub(super) fn has(status: &JobStatus, kind: &str) -> bool {
    let mut conditions = status.conditions.iter().flatten();
    conditions.any(|condition| condition.type_ == kind && condition.status == "True")
}

fn is_finished(status: &JobStatus) -> bool {
    has(status, "Complete") || has(status, "Failed")
}

fn conditions(new: &JobStatus, old: &JobStatus, path: &FieldPath, errors: &mut FieldErrors) {
    let becomes = |kind: &str| has(new, kind) && !has(old, kind);
    let mut refuse = |wrong: bool, detail: &str| {
        if wrong {
            errors.invalid_as_a_whole(path, detail);
        }
    };
    refuse(
        has(new, "Complete") && has(new, "Failed") && (becomes("Complete") || becomes("Failed")),
        "cannot set Complete=True and Failed=true conditions",
    );
    refuse(
        becomes("Complete") && has(new, "FailureTarget"),
        "cannot set Complete=True and FailureTarget=true conditions",
    );
    refuse(
        becomes("Failed") && !has(new, "FailureTarget"),
        "cannot set Failed=True condition without the FailureTarget=true condition",
    );
    refuse(
        becomes("Complete") && !has(new, "SuccessCriteriaMet"),
        "cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
    );
    for kind in TERMINAL {
        refuse(
            has(old, kind) && !has(new, kind),
            &format!("cannot disable the terminal {kind}=True condition"),
        );
    }
}

fn times(job: &Job, new: &JobStatus, old: &JobStatus, path: &FieldPath, errors: &mut FieldErrors) {
    let (start, end) = (path.field("startTime"), path.field("completionTime"));
    let is_complete = has(new, "Complete");
    let changed = new.completion_time != old.completion_time || is_complete != has(old, "Complete");
    match &new.completion_time {
        Some(time) if changed && !is_complete => {
            let detail = "cannot set completionTime when there is no Complete=True condition";
            errors.invalid(&end, time, detail);
        }
        None if changed && is_complete => {
            errors.required(&end, "completionTime is required for Complete jobs");
        }
        Some(time)
            if old.completion_time.is_some() && new.completion_time != old.completion_time =>
        {
            errors.invalid(&end, time, "completionTime cannot be mutated");
        }
        Some(_) | None => {}
    }
    if let (Some(from), Some(to)) = (&new.start_time, &new.completion_time)
        && cell::moment(Some(to)) < cell::moment(Some(from))
        && (changed || new.start_time != old.start_time)
    {
        errors.invalid(&end, to, "completionTime cannot be set before startTime");
    }
    let suspended = job.spec.as_ref().and_then(|spec| spec.suspend) == Some(true);
    if old.start_time.is_some() && new.start_time != old.start_time && !suspended {
        match &new.start_time {
            Some(time) => {
                let detail = "startTime cannot be updated for unsuspended job";
                errors.invalid(&start, time, detail);
            }
            None => errors.required(&start, "startTime cannot be removed for unsuspended job"),
        }
    }
}

/// A job that is over has no pods left, and all of them are counted.
fn nothing_left(new: &JobStatus, path: &FieldPath, errors: &mut FieldErrors) {
    for (field, count) in [("active", new.active), ("terminating", new.terminating)] {
        if let Some(count) = count.filter(|count| *count > 0) {
            let detail = format!("{field}>0 is invalid for finished job");
            errors.invalid(&path.field(field), count, detail);
        }
    }
    if new.start_time.is_none() {
        let detail = "startTime is required for finished job";
        errors.required(&path.field("startTime"), detail);
    }
    let pods = new.uncounted_terminated_pods.as_ref();
    let left = pods.filter(|pods| {
        let lists = [&pods.failed, &pods.succeeded];
        lists.into_iter().flatten().any(|list| !list.is_empty())
    });
    if let Some(left) = left {
        let detail = "uncountedTerminatedPods needs to be empty for finished job";
        errors.invalid(&path.field("uncountedTerminatedPods"), left, detail);
    }
}

/// Which indexes have succeeded and which have failed for good.
fn which(job: &Job, new: &JobStatus, old: &JobStatus, path: &FieldPath, errors: &mut FieldErrors) {
    let Some(spec) = &job.spec else { return };
    let completed = new.completed_indexes.as_deref().unwrap_or("");
    let (done, lost) = (path.field("completedIndexes"), path.field("failedIndexes"));
    let mut read = |text: &str, name: &str, at: &FieldPath| {
        let intervals = indexes::parse(text, spec.completions);
        intervals.unwrap_or_else(|wrong| {
            errors.invalid(at, text, format!("error parsing {name}: {wrong}"));
            Vec::new()
        })
    };
    let is_new = new.completed_indexes != old.completed_indexes;
    let mut succeeded = Vec::new();
    if is_new {
        succeeded = read(completed, "completedIndexes", &done);
    }
    let failed = new.failed_indexes.as_deref();
    let mut failures = Vec::new();
    if let Some(text) = failed.filter(|_| new.failed_indexes != old.failed_indexes) {
        failures = read(text, "failedIndexes", &lost);
    }
    if is_new && !completed.is_empty() && !rules::is_indexed(spec) {
        let detail = "cannot set non-empty completedIndexes when non-indexed completion mode";
        errors.invalid(&done, completed, detail);
    }
    if let Some(text) = failed
        && spec.backoff_limit_per_index.is_none()
        && old.failed_indexes.is_none()
    {
        let detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
        errors.invalid(&lost, text, detail);
    }
    if let Some(index) = indexes::common(&succeeded, &failures) {
        let detail = format!("failedIndexes and completedIndexes overlap at index: {index}");
        errors.invalid(&lost, failed.unwrap_or(""), detail);
    }
}
