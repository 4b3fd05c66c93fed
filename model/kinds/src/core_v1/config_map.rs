//! `ConfigMap`: texts and bytes for programs to read.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::ConfigMap;

use crate::column::Column;
use crate::cost::Counted;
use crate::kind::Kind;
use crate::rules::Rules;

/// All values together may be this long.
const SIZE_MAX: usize = 1024 * 1024;

/// Texts and bytes for programs to read.
#[derive(Debug)]
pub struct ConfigMaps;

impl Kind for ConfigMaps {
    type Object = ConfigMap;

    const SHORT: &'static [&'static str] = &["cm"];
    const COLUMNS: &'static [Column<ConfigMap>] = &[
        Column::NAME,
        Column::text("Data", "How many entries it has.", |map, _| {
            entries(map).into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().counted(Counted::ByPlural);

    fn validate(map: &ConfigMap, old: Option<&ConfigMap>, errors: &mut FieldErrors) {
        keys(map, errors);
        if size(map) > SIZE_MAX {
            errors.too_long(&FieldPath::root(), SIZE_MAX);
        }
        if let Some(old) = old.filter(|old| old.immutable == Some(true)) {
            unchanged(map, old, errors);
        }
    }
}

fn entries(map: &ConfigMap) -> usize {
    map.data.as_ref().map_or(0, |data| data.len())
        + map.binary_data.as_ref().map_or(0, |data| data.len())
}

fn size(map: &ConfigMap) -> usize {
    let texts = map.data.iter().flatten().map(|(_, text)| text.len());
    let bytes = map
        .binary_data
        .iter()
        .flatten()
        .map(|(_, bytes)| bytes.0.len());
    texts.chain(bytes).sum()
}

fn keys(map: &ConfigMap, errors: &mut FieldErrors) {
    for key in map.data.iter().flatten().map(|(key, _)| key) {
        let path = FieldPath::new("data").key(key);
        errors.named(&path, key, name::config_key);
        if map
            .binary_data
            .as_ref()
            .is_some_and(|bytes| bytes.contains_key(key))
        {
            errors.invalid(&path, key, "duplicate of key present in binaryData");
        }
    }
    for key in map.binary_data.iter().flatten().map(|(key, _)| key) {
        errors.named(
            &FieldPath::new("binaryData").key(key),
            key,
            name::config_key,
        );
    }
}

fn unchanged(map: &ConfigMap, old: &ConfigMap, errors: &mut FieldErrors) {
    if map.immutable != Some(true) {
        errors.forbidden(
            &"immutable".into(),
            "field is immutable when `immutable` is set",
        );
    }
    if map.data != old.data {
        errors.forbidden(&"data".into(), "field is immutable when `immutable` is set");
    }
    if map.binary_data != old.binary_data {
        errors.forbidden(
            &"binaryData".into(),
            "field is immutable when `immutable` is set",
        );
    }
}
