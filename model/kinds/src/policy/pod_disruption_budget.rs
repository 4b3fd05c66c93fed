//! `PodDisruptionBudget`: how many of a set of pods must stay when pods are asked to go.

#[cfg(test)]
mod tests;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::policy::v1::{
    PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{check, conditions, label_selector, replicas};
use crate::rules::Rules;
use crate::subresource::Subresource;

const UNHEALTHY: [&str; 2] = ["AlwaysAllow", "IfHealthyBudget"];

/// How many of a set of pods must stay.
#[derive(Debug)]
pub struct PodDisruptionBudgets;

impl Kind for PodDisruptionBudgets {
    type Object = PodDisruptionBudget;

    const SHORT: &'static [&'static str] = &["pdb"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<PodDisruptionBudget>] = &[
        Column::NAME,
        Column::text("Min Available", "How many must stay.", |budget, _| {
            let spec = budget.spec.as_ref();
            part(spec.and_then(|spec| spec.min_available.as_ref()))
        }),
        Column::text("Max Unavailable", "How many may be away.", |budget, _| {
            let spec = budget.spec.as_ref();
            part(spec.and_then(|spec| spec.max_unavailable.as_ref()))
        }),
        Column::integer(
            "Allowed Disruptions",
            "How many more may go now.",
            |budget, _| {
                let status = budget.status.as_ref();
                status.map_or(0, |status| status.disruptions_allowed).into()
            },
        ),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new()
        .with_status()
        .conditional()
        .counting(&[&["spec"]]);

    fn default(budget: &mut PodDisruptionBudget) {
        budget.status.get_or_insert_default();
    }

    fn prepare(budget: &mut PodDisruptionBudget, old: Option<&PodDisruptionBudget>) {
        if old.is_none() {
            budget.status = Some(PodDisruptionBudgetStatus::default());
        }
    }

    fn validate(
        budget: &PodDisruptionBudget,
        _old: Option<&PodDisruptionBudget>,
        errors: &mut FieldErrors,
    ) {
        if let Some(spec) = &budget.spec {
            validate_spec(spec, errors);
        }
    }

    fn validate_status(
        budget: &PodDisruptionBudget,
        _old: &PodDisruptionBudget,
        errors: &mut FieldErrors,
    ) {
        let Some(status) = &budget.status else { return };
        let path = FieldPath::new("status");
        conditions::validate(
            status.conditions.as_deref().unwrap_or(&[]),
            &path.field("conditions"),
            errors,
        );
        for (field, count) in [
            ("disruptionsAllowed", status.disruptions_allowed),
            ("currentHealthy", status.current_healthy),
            ("desiredHealthy", status.desired_healthy),
            ("expectedPods", status.expected_pods),
        ] {
            check::not_negative(Some(count.into()), &path.field(field), errors);
        }
    }
}

fn validate_spec(spec: &PodDisruptionBudgetSpec, errors: &mut FieldErrors) {
    let path = FieldPath::new("spec");
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        let detail = "minAvailable and maxUnavailable cannot be both set";
        errors.invalid(&path, spec, detail);
    }
    for (field, wanted) in [
        ("minAvailable", &spec.min_available),
        ("maxUnavailable", &spec.max_unavailable),
    ] {
        if let Some(wanted) = wanted {
            replicas::number_or_share(wanted, &path.field(field), errors);
        }
    }
    if let Some(selector) = &spec.selector {
        label_selector::validate(selector, &path.field("selector"), errors);
    }
    let policy = spec.unhealthy_pod_eviction_policy.as_deref();
    let at = path.field("unhealthyPodEvictionPolicy");
    if let Some(policy) = policy.filter(|policy| !UNHEALTHY.contains(policy)) {
        errors.not_supported(&at, policy, &UNHEALTHY);
    }
}

fn part(wanted: Option<&IntOrString>) -> Value {
    match wanted {
        None => "N/A".into(),
        Some(IntOrString::Int(number)) => number.to_string().into(),
        Some(IntOrString::String(share)) => share.as_str().into(),
    }
}
