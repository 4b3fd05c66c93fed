//! What expressions call the fields of objects: names that the language cannot write are written
//! differently.

use crate::parse::{RESERVED, VALUES};

/// What expressions call the field that objects call `stored`; nothing if they cannot.
#[must_use]
pub fn escaped(stored: &str) -> Option<String> {
    let begins = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '.' | '-' | '/');
    let goes_on = |c: char| begins(c) || c.is_ascii_digit();
    if !stored.starts_with(begins) || !stored.chars().all(goes_on) {
        return None;
    }
    if RESERVED.contains(&stored) || VALUES.contains(&stored) {
        return Some(format!("__{stored}__"));
    }
    Some(
        stored
            .replace("__", "__underscores__")
            .replace('.', "__dot__")
            .replace('-', "__dash__")
            .replace('/', "__slash__"),
    )
}
