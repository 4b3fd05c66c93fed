//! Small checks that fields of many kinds share, with the sentences that clients know.

use std::net::IpAddr;

use gantry_api::field_error::{Fault, FieldError, FieldErrors};
use gantry_base::name::Rule;
use gantry_base::{Cidr, FieldPath};
use serde_json::Value;

/// What is said of a number below zero.
pub const NOT_NEGATIVE: &str = "must be greater than or equal to 0";
/// What is said of a text that is no address.
pub const NOT_AN_ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
/// What is said of a number that must count something.
pub const POSITIVE: &str = "must be greater than 0";

/// A word out of a list; it must be given.
pub fn one_of(word: Option<&str>, known: &[&str], path: &FieldPath, errors: &mut FieldErrors) {
    match word.unwrap_or("") {
        "" => errors.required(path, ""),
        word if known.contains(&word) => {}
        word => errors.not_supported(path, word, known),
    }
}

/// A word out of a list, or nothing.
pub fn maybe_one_of(
    word: Option<&str>,
    known: &[&str],
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    if word.is_some() {
        one_of(word, known, path, errors);
    }
}

/// A number that may not be below zero.
pub fn not_negative(number: Option<i64>, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(number) = number.filter(|number| *number < 0) {
        errors.invalid(path, number, NOT_NEGATIVE);
    }
}

/// A number that must be above zero.
pub fn positive(number: Option<i64>, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(number) = number.filter(|number| *number <= 0) {
        errors.invalid(path, number, POSITIVE);
    }
}

/// A number between two bounds, both included.
pub fn between(number: i64, low: i64, high: i64, path: &FieldPath, errors: &mut FieldErrors) {
    if !(low..=high).contains(&number) {
        errors.invalid(
            path,
            number,
            format!("must be between {low} and {high}, inclusive"),
        );
    }
}

/// A name that follows a rule: one finding, whatever number of sentences the rule has against it.
pub fn named(name: &str, rule: Rule, path: &FieldPath, errors: &mut FieldErrors) {
    let wrong = rule(name);
    if !wrong.is_empty() {
        errors.invalid(path, name, wrong.join(","));
    }
}

/// The name of a kind: a label, but for the case of its letters.
pub fn kind_name(name: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let wrong = gantry_base::name::dns1035_label(&name.to_lowercase());
    if !wrong.is_empty() {
        let wrong = wrong.join(",");
        let detail = format!("may have mixed case, but should otherwise match: {wrong}");
        errors.invalid(path, name, detail);
    }
}

/// A text that must be given.
pub fn given(text: Option<&str>, path: &FieldPath, errors: &mut FieldErrors) {
    if text.unwrap_or("").is_empty() {
        errors.required(path, "");
    }
}

/// An address of either family.
pub fn ip(text: &str, path: &FieldPath, errors: &mut FieldErrors) -> Option<IpAddr> {
    let address = text.parse().ok();
    if address.is_none() {
        errors.invalid(path, text, NOT_AN_ADDRESS);
    }
    address
}

/// A range of addresses such as `10.0.0.0/8`.
pub fn cidr(text: &str, path: &FieldPath, errors: &mut FieldErrors) -> Option<Cidr> {
    let range = text.parse().ok();
    if range.is_none() {
        errors.invalid(
            path,
            text,
            "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        );
    }
    range
}

/// A range of addresses, written in the one way that is canonical.
pub fn canonical_cidr(text: &str, path: &FieldPath, errors: &mut FieldErrors) -> Option<Cidr> {
    let range = cidr(text, path, errors)?;
    let canonical = range.to_string();
    if range.first() != range.address {
        let detail = "must not have bits set beyond the prefix length";
        errors.invalid(path, text, detail);
    } else if canonical != text {
        errors.invalid(
            path,
            text,
            format!("must be in canonical form ({canonical:?})"),
        );
    }
    Some(range)
}

/// A list that may have at most `most` entries.
pub fn at_most(count: usize, most: usize, path: &FieldPath, errors: &mut FieldErrors) {
    if count > most {
        errors.push(FieldError {
            fault: Fault::TooMany,
            path: path.clone(),
            value: Value::from(count),
            detail: format!("must have at most {most} items"),
        });
    }
}
