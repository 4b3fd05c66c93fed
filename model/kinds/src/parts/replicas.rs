//! Numbers of replicas, and parts of them.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::check;

/// Checks a number or a percentage, neither below zero.
pub fn number_or_percent(part: &IntOrString, path: &FieldPath, errors: &mut FieldErrors) {
    match part {
        IntOrString::Int(number) => {
            check::not_negative(Some(i64::from(*number)), path, errors);
        }
        IntOrString::String(_) if percent(part).is_some() => {}
        IntOrString::String(text) => errors.invalid(
            path,
            text,
            "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  \
             or '93%', regex used for validation is '[0-9]+%')",
        ),
    }
}

/// Checks a number or a percentage that may not be more than the whole.
pub fn number_or_share(part: &IntOrString, path: &FieldPath, errors: &mut FieldErrors) {
    number_or_percent(part, path, errors);
    if percent(part).is_some_and(|percent| percent > 100) {
        errors.invalid(path, part, "must not be greater than 100%");
    }
}

/// Whether the part is nothing: `0` or `0%`.
#[must_use]
pub fn is_nothing(part: &IntOrString) -> bool {
    match part {
        IntOrString::Int(number) => *number == 0,
        IntOrString::String(_) => percent(part) == Some(0),
    }
}

fn percent(part: &IntOrString) -> Option<u32> {
    match part {
        IntOrString::Int(_) => None,
        IntOrString::String(text) => text.strip_suffix('%')?.parse().ok(),
    }
}

/// Checks counts in a status, none of which may be below zero.
pub fn counts(counts: &[(&str, Option<i64>)], errors: &mut FieldErrors) {
    let path = FieldPath::new("status");
    for (field, count) in counts {
        check::not_negative(*count, &path.field(field), errors);
    }
}

/// Checks the number of times that names of pods met, which only grows.
pub fn collisions(new: Option<i32>, old: Option<i32>, errors: &mut FieldErrors) {
    if new < old {
        let path = FieldPath::new("status").field("collisionCount");
        errors.invalid(&path, new.unwrap_or(0), "cannot be decremented");
    }
}

/// Checks the counts that the status of a workload holds: none below zero, no more than `replicas`.
pub fn validate_status(counts: &[(&str, Option<i32>)], replicas: i32, errors: &mut FieldErrors) {
    let path = FieldPath::new("status");
    check::not_negative(Some(replicas.into()), &path.field("replicas"), errors);
    for (field, count) in counts {
        let at = path.field(field);
        check::not_negative(count.map(i64::from), &at, errors);
        if let Some(count) = count.filter(|count| *count > replicas) {
            errors.invalid(&at, count, "cannot be greater than status.replicas");
        }
    }
}

/// Checks that no more replicas have been ready for long than are ready.
pub fn available(available: Option<i32>, ready: Option<i32>, errors: &mut FieldErrors) {
    let count = available.unwrap_or(0);
    if count > ready.unwrap_or(0) {
        let path = FieldPath::new("status").field("availableReplicas");
        errors.invalid(&path, count, "cannot be greater than readyReplicas");
    }
}
