//! What a job's author says about failures of pods, and about when enough is done.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule, SuccessPolicy, SuccessPolicyRule,
};

use super::{indexes, rules};
use crate::parts::check;

const RULES_MAX: usize = 20;
const PATTERNS_MAX: usize = 20;
const CODES_MAX: usize = 255;
const INDEXES_BYTES: usize = 64 * 1024;
const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS: [&str; 2] = ["In", "NotIn"];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];

/// Checks a policy on failures.
pub(super) fn failure(
    policy: &PodFailurePolicy,
    spec: &JobSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let path = path.field("rules");
    check::at_most(policy.rules.len(), RULES_MAX, &path, errors);
    for (index, rule) in policy.rules.iter().enumerate() {
        failure_rule(rule, spec, &path.index(index), errors);
    }
}

fn failure_rule(
    rule: &PodFailurePolicyRule,
    spec: &JobSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let action = path.field("action");
    match rule.action.as_str() {
        "FailIndex" if spec.backoff_limit_per_index.is_none() => {
            let detail = "requires the backoffLimitPerIndex to be set";
            errors.invalid(&action, &rule.action, detail);
        }
        given => word(given, &ACTIONS, &action, errors),
    }
    let patterns = rule.on_pod_conditions.as_deref().unwrap_or(&[]);
    if let Some(codes) = &rule.on_exit_codes {
        exit_codes(codes, spec, &path.field("onExitCodes"), errors);
    }
    conditions(patterns, &path.field("onPodConditions"), errors);
    match (&rule.on_exit_codes, patterns) {
        (Some(_), [_, ..]) => {
            let detail = "specifying both OnExitCodes and OnPodConditions is not supported";
            errors.invalid_as_a_whole(path, detail);
        }
        (None, []) => {
            let detail = "specifying one of OnExitCodes and OnPodConditions is required";
            errors.invalid_as_a_whole(path, detail);
        }
        (Some(_), []) | (None, [_, ..]) => {}
    }
}

/// A word out of a list, which is told when there is none.
fn word(given: &str, known: &[&str], path: &FieldPath, errors: &mut FieldErrors) {
    if given.is_empty() {
        let quoted: Vec<String> = known.iter().map(|word| format!("{word:?}")).collect();
        errors.required(path, format!("valid values: [{}]", quoted.join(" ")));
    } else if !known.contains(&given) {
        errors.not_supported(path, given, known);
    }
}

fn conditions(
    patterns: &[PodFailurePolicyOnPodConditionsPattern],
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    check::at_most(patterns.len(), PATTERNS_MAX, path, errors);
    for (index, pattern) in patterns.iter().enumerate() {
        let path = path.index(index);
        errors.named(&path.field("type"), &pattern.type_, name::qualified);
        let status = pattern.status.as_deref().unwrap_or("");
        word(status, &STATUSES, &path.field("status"), errors);
    }
}

fn exit_codes(
    from: &PodFailurePolicyOnExitCodesRequirement,
    spec: &JobSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    word(&from.operator, &OPERATORS, &path.field("operator"), errors);
    if let Some(container) = &from.container_name
        && !has_container(spec, container)
    {
        let detail = "must be one of the container or initContainer names in the pod template";
        errors.invalid(&path.field("containerName"), container, detail);
    }
    let at = path.field("values");
    if from.values.is_empty() {
        errors.invalid(&at, &from.values, "at least one value is required");
    }
    check::at_most(from.values.len(), CODES_MAX, &at, errors);
    let mut seen = BTreeSet::new();
    for (index, code) in from.values.iter().enumerate() {
        let at = at.index(index);
        if from.operator == "In" && *code == 0 {
            errors.invalid(&at, code, "must not be 0 for the In operator");
        }
        if !seen.insert(code) {
            errors.duplicate(&at, code);
        }
    }
    if !from.values.is_sorted() {
        errors.invalid(&at, &from.values, "must be ordered");
    }
}

fn has_container(spec: &JobSpec, name: &str) -> bool {
    let pods = spec.template.spec.iter();
    let mut containers = pods.flat_map(|pods| {
        let init = pods.init_containers.iter().flatten();
        pods.containers.iter().chain(init)
    });
    containers.any(|container| container.name == name)
}

/// Checks a policy on success.
pub(super) fn success(
    policy: &SuccessPolicy,
    spec: &JobSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    if !rules::is_indexed(spec) {
        errors.invalid(path, policy, "requires indexed completion mode");
        return;
    }
    let path = path.field("rules");
    if policy.rules.is_empty() {
        let detail = "at least one rules must be specified when the successPolicy is specified";
        errors.required(&path, detail);
    }
    check::at_most(policy.rules.len(), RULES_MAX, &path, errors);
    for (index, rule) in policy.rules.iter().enumerate() {
        let completions = spec.completions.unwrap_or(0);
        success_rule(rule, completions, &path.index(index), errors);
    }
}

fn success_rule(
    rule: &SuccessPolicyRule,
    completions: i32,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let named = rule.succeeded_indexes.as_deref();
    if rule.succeeded_count.is_none() && named.is_none() {
        let detail = "at least one of succeededCount or succeededIndexes must be specified";
        errors.required(path, detail);
    }
    let among = named.map(|text| {
        let path = path.field("succeededIndexes");
        if text.len() > INDEXES_BYTES {
            errors.too_long(&path, INDEXES_BYTES);
        }
        let intervals = indexes::parse(text, Some(completions)).unwrap_or_else(|wrong| {
            errors.invalid(
                &path,
                text,
                format!("error parsing succeededIndexes: {wrong}"),
            );
            Vec::new()
        });
        indexes::count(&intervals)
    });
    let Some(count) = rule.succeeded_count else {
        return;
    };
    let path = path.field("succeededCount");
    check::not_negative(Some(count.into()), &path, errors);
    if count > completions {
        let detail = format!(
            "must be less than or equal to {completions} (the number of specified completions)"
        );
        errors.invalid(&path, count, detail);
    }
    if let Some(most) = among.filter(|most| i64::from(count) > *most) {
        let detail = format!(
            "must be less than or equal to {most} (the number of indexes in the specified \
             succeededIndexes field)"
        );
        errors.invalid(&path, count, detail);
    }
}
