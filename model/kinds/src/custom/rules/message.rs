//! The words in which rules speak, as clients know them.

use gantry_api::FieldError;
use gantry_api::field_error::Fault;

use super::Rule;

/// Said when an object is so wrong that its rules cannot be asked.
pub(super) const NOT_CHECKED: &str = "some validation rules were not checked because the object was invalid; correct the existing \
     errors to complete validation";

/// Said when all that may be spent on one object is spent.
pub(super) const OUT_OF_BUDGET: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

const ADVICE: &str = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength \
     where arrays, maps, and strings are declared)";

/// Whether an object with this error may have another shape than its rules expect.
pub(super) const fn is_blocking(error: &FieldError) -> bool {
    matches!(
        error.fault,
        Fault::NotSupported
            | Fault::Required
            | Fault::TooLong
            | Fault::TooMany
            | Fault::TypeInvalid
    )
}

/// That something costs more than it may, and how much more.
pub(super) fn too_costly(what: &str, cost: u64, limit: u64) -> String {
    // In hundredths, so that nothing is said that a fraction would have rounded.
    let hundredths = u128::from(cost) * 100 / u128::from(limit);
    let factor = if hundredths > 10_000 {
        "more than 100x".to_owned()
    } else if hundredths < 150 {
        let millionths = u128::from(cost) * 1_000_000 / u128::from(limit);
        format!("{}.{:06}x", millionths / 1_000_000, millionths % 1_000_000)
    } else {
        let tenths = (hundredths + 5) / 10;
        format!("{}.{}x", tenths / 10, tenths % 10)
    };
    format!("{what} exceeds budget by factor of {factor} {ADVICE}")
}

/// What is told when a rule is not true, and does not say it in words of its own.
pub(super) fn plain(rule: &Rule) -> String {
    match rule.message.trim() {
        "" => format!("failed rule: {}", rule.text.trim()),
        own => own.to_owned(),
    }
}

/// In which way a value is wrong of which a rule is not true.
pub(super) fn fault(reason: &str) -> Fault {
    match reason {
        "FieldValueRequired" => Fault::Required,
        "FieldValueForbidden" => Fault::Forbidden,
        "FieldValueDuplicate" => Fault::Duplicate,
        _ => Fault::Invalid,
    }
}
