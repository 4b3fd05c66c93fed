//! Expressions that must all be true before somebody is asked.
//!
//! They are not compiled: this server has no CEL yet. Only what is plainly absent is refused.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::admissionregistration::v1::MatchCondition;

use crate::parts::check;

const CONDITIONS_MAX: usize = 64;

/// Checks a list of conditions.
pub(super) fn validate(conditions: &[MatchCondition], path: &FieldPath, errors: &mut FieldErrors) {
    check::at_most(conditions.len(), CONDITIONS_MAX, path, errors);
    let mut seen = BTreeSet::new();
    for (index, condition) in conditions.iter().enumerate() {
        let at = path.index(index);
        expression(&condition.expression, "", &at.field("expression"), errors);
        let at = at.field("name");
        if condition.name.is_empty() {
            errors.required(&at, "");
            continue;
        }
        errors.named(&at, &condition.name, name::qualified);
        if !seen.insert(&condition.name) {
            errors.duplicate(&at, &condition.name);
        }
    }
}

/// Checks that an expression is there; `detail` is what is said when it is not.
pub(super) fn expression(text: &str, detail: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if text.trim().is_empty() {
        errors.required(path, detail);
    }
}
