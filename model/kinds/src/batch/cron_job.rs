//! `CronJob`: jobs that come again and again, as a schedule says.

mod columns;
mod schedule;
#[cfg(test)]
mod tests;

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, CronJobStatus, JobTemplateSpec};

use super::job;
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::parts::{check, meta, pod_template};
use crate::rules::Rules;
use crate::subresource::Subresource;

/// A job's name is its cron job's, with a number of ten digits behind it.
const NAME_MAX: usize = 52;
const CONCURRENCY: [&str; 3] = ["Allow", "Forbid", "Replace"];
const KEPT_SUCCESSES: i32 = 3;
const KEPT_FAILURES: i32 = 1;

/// Jobs that come again and again, as a schedule says.
#[derive(Debug)]
pub struct CronJobs;

impl Kind for CronJobs {
    type Object = CronJob;

    const SHORT: &'static [&'static str] = &["cj"];
    const CATEGORIES: &'static [&'static str] = &["all"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<CronJob>] = columns::COLUMNS;
    const RULES: Rules = Rules::new().with_status().counting(&[&["spec"]]);
    const UNSERVED: Option<&'static str> = Some("run CronJobs");

    fn default(cron_job: &mut CronJob) {
        let spec = cron_job.spec.get_or_insert_default();
        fill(&mut spec.concurrency_policy, "Allow");
        spec.suspend.get_or_insert(false);
        spec.successful_jobs_history_limit
            .get_or_insert(KEPT_SUCCESSES);
        spec.failed_jobs_history_limit.get_or_insert(KEPT_FAILURES);
        if let Some(metadata) = &mut spec.job_template.metadata {
            metadata.creation_timestamp = None;
        }
        job::default_template(spec.job_template.spec.get_or_insert_default());
    }

    fn prepare(cron_job: &mut CronJob, old: Option<&CronJob>) {
        if old.is_none() {
            cron_job.status = Some(CronJobStatus::default());
        }
    }

    fn validate(cron_job: &CronJob, old: Option<&CronJob>, errors: &mut FieldErrors) {
        let none = CronJobSpec::default();
        let spec = cron_job.spec.as_ref().unwrap_or(&none);
        let before = old.and_then(|old| old.spec.as_ref());
        validate_spec(spec, before, errors);
        if old.is_none() && cron_job.name().len() > NAME_MAX {
            let path = FieldPath::new("metadata").field("name");
            let detail = format!("must be no more than {NAME_MAX} characters");
            errors.invalid(&path, cron_job.name(), detail);
        }
    }

    fn warnings(cron_job: &CronJob, old: Option<&CronJob>) -> Vec<String> {
        let mut told = Vec::new();
        if old.is_none() {
            told.extend(pod_template::name_warning(cron_job.name()));
        }
        let Some(spec) = &cron_job.spec else {
            return told;
        };
        if let Some(job) = &spec.job_template.spec {
            let path = FieldPath::new("spec.jobTemplate.spec");
            told.extend(job::rules::warnings(job, &path));
        }
        told.extend(schedule::warning(spec));
        told
    }
}

fn validate_spec(spec: &CronJobSpec, old: Option<&CronJobSpec>, errors: &mut FieldErrors) {
    let path = FieldPath::new("spec");
    schedule::validate(spec, old, &path, errors);
    let deadline = path.field("startingDeadlineSeconds");
    check::not_negative(spec.starting_deadline_seconds, &deadline, errors);
    let concurrency = spec.concurrency_policy.as_deref();
    let at = path.field("concurrencyPolicy");
    check::one_of(concurrency, &CONCURRENCY, &at, errors);
    validate_template(&spec.job_template, &path.field("jobTemplate"), errors);
    let limits = [
        (
            "successfulJobsHistoryLimit",
            spec.successful_jobs_history_limit,
        ),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
    ];
    for (field, limit) in limits {
        check::not_negative(limit.map(i64::from), &path.field(field), errors);
    }
}

/// A job of a template makes its own selector.
fn validate_template(template: &JobTemplateSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let none = Default::default();
    let spec = template.spec.as_ref().unwrap_or(&none);
    if let Some(metadata) = &template.metadata {
        let path = path.field("metadata");
        if let Some(labels) = &metadata.labels {
            meta::labels(labels, &path.field("labels"), errors);
        }
        if let Some(annotations) = &metadata.annotations {
            meta::annotations(annotations, &path.field("annotations"), errors);
        }
    }
    let path = path.field("spec");
    job::rules::validate(spec, &path, errors);
    if let Some(selector) = &spec.selector {
        let detail = "`selector` will be auto-generated";
        errors.invalid(&path.field("selector"), selector, detail);
    }
    if spec.manual_selector == Some(true) {
        let known = ["nil", "false"];
        errors.not_supported(&path.field("manualSelector"), true, &known);
    }
}
