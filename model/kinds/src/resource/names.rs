//! What drivers, pools and the properties of devices are called.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};

const DRIVER_MAX: usize = 63;
const POOL_MAX: usize = 253;
const IDENTIFIER_MAX: usize = 32;

/// A driver: a domain, whatever the case of its letters.
pub(super) fn driver(own: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if own.is_empty() {
        errors.required(path, "");
        return;
    }
    if own.len() > DRIVER_MAX {
        errors.too_long(path, DRIVER_MAX);
    }
    for wrong in name::dns_subdomain(&own.to_lowercase()) {
        errors.invalid(path, own, wrong);
    }
}

/// A pool: domains with slashes between them.
pub(super) fn pool(own: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if own.is_empty() {
        errors.required(path, "");
        return;
    }
    if own.len() > POOL_MAX {
        errors.too_long(path, POOL_MAX);
    }
    for part in own.split('/') {
        errors.named(path, part, name::dns_subdomain);
    }
}

/// A property of a device: an identifier, perhaps with a domain before it.
pub(super) fn qualified(own: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let Some((domain, rest)) = own.split_once('/') else {
        identifier(own, path, errors);
        return;
    };
    if rest.contains('/') {
        errors.invalid(path, own, "must not contain more than one slash");
        return;
    }
    if domain.is_empty() {
        errors.invalid(path, "", "the domain must not be empty");
    } else {
        driver(domain, path, errors);
    }
    if rest.is_empty() {
        errors.invalid(path, "", "the name must not be empty");
    } else {
        identifier(rest, path, errors);
    }
}

/// A property of a device, with its domain.
pub(super) fn fully_qualified(own: &str, path: &FieldPath, errors: &mut FieldErrors) {
    qualified(own, path, errors);
    if !own.contains('/') {
        let detail = "a fully qualified name must be a domain and a name separated by a slash";
        errors.invalid(path, own, detail);
    }
}

fn identifier(own: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if own.len() > IDENTIFIER_MAX {
        errors.too_long(path, IDENTIFIER_MAX);
    }
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    let goes_on = |c: char| begins(c) || c.is_ascii_digit();
    if !own.starts_with(begins) || !own.chars().all(goes_on) {
        let detail = "a valid C identifier must start with alphabetic character or '_', followed \
                      by a string of alphanumeric characters or '_' (e.g. 'my_name',  or \
                      'MY_NAME',  or 'MyName', regex used for validation is \
                      '[A-Za-z_][A-Za-z0-9_]*')";
        errors.invalid(path, own, detail);
    }
}
