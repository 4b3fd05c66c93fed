//! References to other objects by group, kind and name.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};

/// Checks a reference to whatever kind; `named` is the kind and the name.
pub fn local(
    group: Option<&str>,
    (kind, object): (&str, &str),
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    if let Some(group) = group {
        errors.named(&path.field("apiGroup"), group, name::dns_subdomain);
    }
    for (field, text) in [("kind", kind), ("name", object)] {
        segment(text, &path.field(field), errors);
    }
}

/// Checks a text that must be given and could stand in a path.
pub fn segment(text: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if text.is_empty() {
        errors.required(path, "");
    } else {
        errors.named(path, text, name::path_segment);
    }
}
