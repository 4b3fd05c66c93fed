//! Expressions that must all be true before somebody is asked.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use gantry_cel::{Environment, Returns};
use k8s_openapi::api::admissionregistration::v1::MatchCondition;

use super::expressions;
use crate::parts::check;

const CONDITIONS_MAX: usize = 64;

/// Checks a list of conditions.
pub(super) fn validate(
    conditions: &[MatchCondition],
    environment: &Environment,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    check::at_most(conditions.len(), CONDITIONS_MAX, path, errors);
    let mut seen = BTreeSet::new();
    for (index, condition) in conditions.iter().enumerate() {
        let at = path.index(index);
        let own = (condition.expression.as_str(), Returns::Bool);
        let place = (&at.field("expression"), &mut *errors);
        expressions::validate(environment, own, "", place);
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
