//! Conditions in the form that newer kinds share.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::check;

const STATUSES: [&str; 3] = ["False", "True", "Unknown"];
const REASON_MAX: usize = 1024;
const MESSAGE_MAX: usize = 32 * 1024;

/// Checks a list of conditions: each complete, each type once.
pub fn validate(conditions: &[Condition], path: &FieldPath, errors: &mut FieldErrors) {
    let mut types = BTreeSet::new();
    for (index, condition) in conditions.iter().enumerate() {
        let path = path.index(index);
        if !types.insert(condition.type_.as_str()) {
            errors.duplicate(&path.field("type"), &condition.type_);
        }
        one(condition, &path, errors);
    }
}

fn one(condition: &Condition, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("type");
    if condition.type_.is_empty() {
        errors.required(&at, "must be set");
    } else {
        errors.named(&at, &condition.type_, name::qualified);
    }
    let status = condition.status.as_str();
    if !STATUSES.contains(&status) {
        errors.not_supported(&path.field("status"), status, &STATUSES);
    }
    let at = path.field("observedGeneration");
    check::not_negative(condition.observed_generation, &at, errors);
    reason(&condition.reason, &path.field("reason"), errors);
    if condition.message.len() > MESSAGE_MAX {
        errors.too_long(&path.field("message"), MESSAGE_MAX);
    }
}

fn reason(reason: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = reason.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        errors.required(path, "must be set");
        return;
    };
    let is_legal = first.is_ascii_alphabetic()
        && is_word(*last)
        && bytes
            .iter()
            .all(|byte| is_word(*byte) || matches!(byte, b',' | b':'));
    if !is_legal {
        let detail = "a condition reason must start with alphabetic character, optionally followed \
                      by a string of alphanumeric characters or '_,:', and must end with an \
                      alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  \
                      or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is \
                      '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";
        errors.invalid(path, reason, detail);
    }
    if bytes.len() > REASON_MAX {
        errors.too_long(path, REASON_MAX);
    }
}
