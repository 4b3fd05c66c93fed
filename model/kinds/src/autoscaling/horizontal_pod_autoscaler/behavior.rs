//! How fast an autoscaler may change the number of pods.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::autoscaling::v2::{
    HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscalerBehavior,
};

use crate::parts::resources;

const WINDOW_MAX: i32 = 3600;
const PERIOD_MAX: i32 = 1800;
const SELECTIONS: [&str; 3] = ["Disabled", "Max", "Min"];
const POLICIES: [&str; 2] = ["Percent", "Pods"];

/// Checks both directions.
pub(super) fn validate(
    behavior: &HorizontalPodAutoscalerBehavior,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    for (field, rules) in [
        ("scaleUp", &behavior.scale_up),
        ("scaleDown", &behavior.scale_down),
    ] {
        if let Some(rules) = rules {
            one_way(rules, &path.field(field), errors);
        }
    }
}

fn one_way(rules: &HPAScalingRules, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("stabilizationWindowSeconds");
    match rules.stabilization_window_seconds {
        Some(window) if window < 0 => {
            errors.invalid(&at, window, "must be greater than or equal to zero");
        }
        Some(window) if window > WINDOW_MAX => {
            errors.invalid(
                &at,
                window,
                format!("must be less than or equal to {WINDOW_MAX}"),
            );
        }
        Some(_) | None => {}
    }
    let selection = rules.select_policy.as_deref();
    if let Some(word) = selection.filter(|word| !SELECTIONS.contains(word)) {
        errors.not_supported(&path.field("selectPolicy"), word, &SELECTIONS);
    }
    let at = path.field("policies");
    let policies = rules.policies.as_deref().unwrap_or(&[]);
    if policies.is_empty() {
        errors.required(&at, "must specify at least one Policy");
    }
    for (index, policy) in policies.iter().enumerate() {
        step(policy, &at.index(index), errors);
    }
    if let Some(tolerance) = &rules.tolerance {
        resources::value("tolerance", tolerance, &path.field("tolerance"), errors);
    }
}

fn step(policy: &HPAScalingPolicy, path: &FieldPath, errors: &mut FieldErrors) {
    if !POLICIES.contains(&policy.type_.as_str()) {
        errors.not_supported(&path.field("type"), &policy.type_, &POLICIES);
    }
    for (field, number) in [
        ("value", policy.value),
        ("periodSeconds", policy.period_seconds),
    ] {
        if number <= 0 {
            errors.invalid(&path.field(field), number, "must be greater than zero");
        }
    }
    if policy.period_seconds > PERIOD_MAX {
        let detail = format!("must be less than or equal to {PERIOD_MAX}");
        errors.invalid(&path.field("periodSeconds"), policy.period_seconds, detail);
    }
}
