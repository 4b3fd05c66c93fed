//! What both kinds of classes have: a driver, parameters for it, and a mark on the default one.

use std::collections::BTreeMap;

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::{FieldPath, name};
use serde_json::Value;

/// All parameters together may be this long.
const SIZE_MAX: usize = 256 * 1024;
const COUNT_MAX: usize = 512;

/// Parameters for a driver.
pub(super) type Parameters = BTreeMap<String, String>;

/// Checks who provides the storage.
pub(super) fn validate_driver(driver: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if driver.is_empty() {
        errors.required(path, "");
    } else {
        errors.named(path, &driver.to_lowercase(), name::qualified);
    }
}

/// Checks what the driver is told.
pub(super) fn validate_parameters(from: &Parameters, path: &FieldPath, errors: &mut FieldErrors) {
    if from.len() > COUNT_MAX {
        errors.too_long(path, COUNT_MAX);
        return;
    }
    if from.contains_key("") {
        errors.invalid(path, "", "field can not be empty.");
    }
    let size: usize = from
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if size > SIZE_MAX {
        errors.too_long(path, SIZE_MAX);
    }
}

/// Reports a field that is decided once; nothing when it is the same.
pub(super) fn stays<T: PartialEq>(field: &str, new: &T, old: &T, errors: &mut FieldErrors) {
    if new != old {
        let detail = format!("updates to {field} are forbidden.");
        errors.forbidden(&field.into(), detail);
    }
}

/// The name of a class as tables show it: the default one says so.
pub(super) fn shown(class: &impl Meta, marks: &[&str]) -> Value {
    let annotations = class.annotations();
    let is_default = marks
        .iter()
        .any(|mark| annotations.get(*mark).map(String::as_str) == Some("true"));
    if is_default {
        format!("{} (default)", class.name()).into()
    } else {
        class.name().into()
    }
}
