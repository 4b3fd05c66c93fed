//! How many nodes or pods may use a volume at the same time, and for what.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;

/// The modes, in the order in which they are listed when something else is given.
const KNOWN: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];
/// The modes with their short forms, in the order in which tables show them.
const SHORT: [(&str, &str); 4] = [
    ("ReadWriteOnce", "RWO"),
    ("ReadOnlyMany", "ROX"),
    ("ReadWriteMany", "RWX"),
    ("ReadWriteOncePod", "RWOP"),
];
/// Goes with no other mode.
const ALONE: &str = "ReadWriteOncePod";

/// Checks the modes of a volume or of a claim.
pub fn validate(modes: &[String], path: &FieldPath, errors: &mut FieldErrors) {
    for mode in modes.iter().filter(|mode| !KNOWN.contains(&mode.as_str())) {
        errors.not_supported(path, mode, &KNOWN);
    }
    let others = modes
        .iter()
        .any(|mode| mode != ALONE && KNOWN.contains(&mode.as_str()));
    if others && modes.iter().any(|mode| mode == ALONE) {
        errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }
}

/// The modes as tables show them.
#[must_use]
pub fn shown(modes: Option<&Vec<String>>) -> String {
    let given = |(long, _): &&(&str, &str)| modes.into_iter().flatten().any(|mode| mode == long);
    let shown: Vec<&str> = SHORT
        .iter()
        .filter(given)
        .map(|(_, short)| *short)
        .collect();
    shown.join(",")
}
