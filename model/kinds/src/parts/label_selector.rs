//! Label selectors as workloads carry them.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::meta::selector;
use gantry_base::selector::Labels;
use gantry_base::{FieldPath, name};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::meta;

const OPERATORS: [&str; 4] = ["DoesNotExist", "Exists", "In", "NotIn"];

/// Checks a selector's notation.
pub fn validate(from: &LabelSelector, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(labels) = &from.match_labels {
        meta::labels(labels, &path.field("matchLabels"), errors);
    }
    for (index, expression) in from.match_expressions.iter().flatten().enumerate() {
        requirement(
            expression,
            &path.field("matchExpressions").index(index),
            errors,
        );
    }
}

fn requirement(from: &LabelSelectorRequirement, path: &FieldPath, errors: &mut FieldErrors) {
    let values = from.values.as_deref().unwrap_or(&[]);
    let at = path.field("values");
    match from.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            errors.required(&at, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.forbidden(&at, detail);
        }
        operator if OPERATORS.contains(&operator) => {}
        operator => errors.invalid(
            &path.field("operator"),
            operator,
            "not a valid selector operator",
        ),
    }
    errors.named(&path.field("key"), &from.key, name::qualified);
    for (index, value) in values.iter().enumerate() {
        errors.named(&at.index(index), value, name::label_value);
    }
}

/// Checks the selector of a workload: given, not empty, and matching the labels of its own pods.
pub fn of_workload(
    from: &LabelSelector,
    pod_labels: &Labels,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let at = path.field("selector");
    validate(from, &at, errors);
    if is_empty(from) {
        errors.required(&at, "");
    }
    // An absent selector selects nothing, so it does not match either.
    if is_empty(from) || !selector(from).matches(pod_labels) {
        let labels = path.field("template").field("metadata").field("labels");
        errors.invalid(
            &labels,
            pod_labels,
            "`selector` does not match template `labels`",
        );
    }
}

/// Whether the selector selects everything.
#[must_use]
pub fn is_empty(from: &LabelSelector) -> bool {
    from.match_labels.as_ref().is_none_or(Labels::is_empty)
        && from.match_expressions.as_ref().is_none_or(Vec::is_empty)
}

/// A selector as tables show it.
#[must_use]
pub fn shown(from: Option<&LabelSelector>) -> String {
    let Some(from) = from else {
        return "<none>".to_owned();
    };
    let equal = from
        .match_labels
        .iter()
        .flatten()
        .map(|(key, value)| format!("{key}={value}"));
    let listed = from.match_expressions.iter().flatten().map(|expression| {
        let key = &expression.key;
        let values = expression.values.as_deref().unwrap_or(&[]).join(",");
        match expression.operator.as_str() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.clone(),
        }
    });
    let parts: Vec<String> = equal.chain(listed).collect();
    if parts.is_empty() {
        "<none>".to_owned()
    } else {
        parts.join(",")
    }
}
