//! `Job`: pods that run until enough of them have succeeded.

mod columns;
mod indexes;
mod policies;
pub(super) mod rules;
mod selection;
mod status;
#[cfg(test)]
mod tests;
mod update;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::batch::v1::{Job, JobSpec, JobStatus};
use serde_json::Value;

use crate::column::Column;
use crate::descriptor::SelectableField;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::parts::pod_template;
use crate::rules::Rules;
use crate::subresource::Subresource;

/// How often pods are tried again.
const RETRIES: i32 = 6;
const PODS_STAY: &str = "child pods are preserved by default when jobs are deleted; set \
                         propagationPolicy=Background to remove them or set \
                         propagationPolicy=Orphan to suppress this warning";
/// Pods that run until enough of them have succeeded.
#[derive(Debug)]
pub struct Jobs;

impl Kind for Jobs {
    type Object = Job;

    const CATEGORIES: &'static [&'static str] = &["all"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<Job>] = columns::COLUMNS;
    const RULES: Rules = Rules::new()
        .with_status()
        .counting(&[&["spec"]])
        .leaving_dependents(PODS_STAY);
    const FIELDS: &'static [SelectableField] = &[SelectableField {
        label: "status.successful",
        read: |job: &Object| {
            let count = job.at(&["status", "succeeded"]).and_then(Value::as_i64);
            count.unwrap_or(0).to_string()
        },
    }];
    const UNSERVED: Option<&'static str> = Some("run Jobs");

    fn default(job: &mut Job) {
        let spec = job.spec.get_or_insert_default();
        if spec.completions.is_none() && spec.parallelism.is_none() {
            spec.completions = Some(1);
        }
        spec.parallelism.get_or_insert(1);
        let retries = match spec.backoff_limit_per_index {
            // Each index has its own limit; all together have none.
            Some(_) => i32::MAX,
            None => RETRIES,
        };
        spec.backoff_limit.get_or_insert(retries);
        fill(&mut spec.completion_mode, "NonIndexed");
        spec.suspend.get_or_insert(false);
        spec.manual_selector.get_or_insert(false);
        let replaced = match spec.pod_failure_policy {
            Some(_) => "Failed",
            None => "TerminatingOrFailed",
        };
        fill(&mut spec.pod_replacement_policy, replaced);
        default_template(spec);
        if job
            .metadata
            .labels
            .as_ref()
            .is_none_or(|labels| labels.is_empty())
        {
            let labels = pod_template::labels(&spec.template);
            job.metadata.labels = Some(labels.clone()).filter(|labels| !labels.is_empty());
        }
    }

    fn prepare(job: &mut Job, old: Option<&Job>) {
        if old.is_none() {
            selection::generate(job);
            job.status = Some(JobStatus::default());
        }
    }

    fn validate(job: &Job, old: Option<&Job>, errors: &mut FieldErrors) {
        let none = JobSpec::default();
        let spec = job.spec.as_ref().unwrap_or(&none);
        let path = FieldPath::new("spec");
        if old.is_none() {
            selection::validate_generated(job, spec, errors);
        }
        rules::validate(spec, &path, errors);
        selection::validate(spec, &path, errors);
        match old {
            Some(old) => update::validate(spec, old, &path, errors),
            None => rules::host_names(job.name(), spec, errors),
        }
    }

    fn warnings(job: &Job, old: Option<&Job>) -> Vec<String> {
        let mut told = Vec::new();
        if old.is_none() {
            told.extend(pod_template::name_warning(job.name()));
        }
        if let Some(spec) = &job.spec {
            told.extend(rules::warnings(spec, &"spec".into()));
        }
        told
    }

    fn validate_status(job: &Job, old: &Job, errors: &mut FieldErrors) {
        status::validate(job, old, errors);
    }
}

/// Fills in what the template of pods, and the policy on their failures, may leave out.
pub(super) fn default_template(spec: &mut JobSpec) {
    let rules = spec
        .pod_failure_policy
        .iter_mut()
        .flat_map(|policy| &mut policy.rules);
    for pattern in rules.flat_map(|rule| &mut rule.on_pod_conditions).flatten() {
        fill(&mut pattern.status, "True");
    }
    pod_template::default(&mut spec.template);
}
