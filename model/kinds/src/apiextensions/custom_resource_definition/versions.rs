//! The versions of a custom kind: their names, schemas, subresources and columns.
//!
//! What all versions have in common is reported once, at the place where clients know it from the
//! time before versions.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinitionSpec, CustomResourceDefinitionVersion,
    CustomResourceSubresourceScale, CustomResourceSubresources, CustomResourceValidation,
    JSONSchemaProps, SelectableField,
};

use super::schema;
use crate::parts::check;

const DEPRECATION_WARNING_MAX: usize = 256;
const SELECTABLE_MAX: usize = 8;
const COLUMN_TYPES: &str = "boolean,date,integer,number,string";
const COLUMN_FORMATS: &str = "byte,date,date-time,double,float,int32,int64,password";

/// Checks all versions.
pub(super) fn validate(
    spec: &CustomResourceDefinitionSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let versions = path.field("versions");
    for (index, version) in spec.versions.iter().enumerate() {
        let at = versions.index(index);
        check::named(
            &version.name,
            name::dns1035_label,
            &at.field("name"),
            errors,
        );
        deprecation(version, &at, errors);
        if schema_of(version).is_none() {
            let at = at.field("schema").field("openAPIV3Schema");
            errors.required(&at, "schemas are required");
        }
    }
    let names: BTreeSet<&str> = spec.versions.iter().map(|own| own.name.as_str()).collect();
    if names.len() < spec.versions.len() {
        errors.invalid(
            &versions,
            &spec.versions,
            "must contain unique version names",
        );
    }
    if spec.versions.iter().filter(|own| own.storage).count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.invalid(&versions, &spec.versions, detail);
    }
    parts(spec, path, errors);
}

fn schema_of(version: &CustomResourceDefinitionVersion) -> Option<&JSONSchemaProps> {
    let validation: &CustomResourceValidation = version.schema.as_ref()?;
    validation.open_api_v3_schema.as_ref()
}

fn deprecation(
    version: &CustomResourceDefinitionVersion,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let Some(warning) = &version.deprecation_warning else {
        return;
    };
    let at = path.field("deprecationWarning");
    if version.deprecated != Some(true) {
        errors.invalid(&at, warning, "can only be set for deprecated versions");
    }
    if warning.is_empty() {
        errors.invalid(&at, warning, "must not be an empty string");
    } else if warning.len() > DEPRECATION_WARNING_MAX {
        let detail = format!("must be <= {DEPRECATION_WARNING_MAX} characters long");
        errors.invalid(&at, warning, detail);
    }
}

/// What each version has, each thing once when all versions have the same.
fn parts(spec: &CustomResourceDefinitionSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let places = |shared: &str, own: &str, same: bool| -> Vec<(usize, FieldPath)> {
        if same {
            return vec![(0, path.field(shared))];
        }
        let at = |index: usize| path.field("versions").index(index).field(own);
        (0..spec.versions.len())
            .map(|index| (index, at(index)))
            .collect()
    };
    for (index, at) in places("validation", "schema", all_same(spec, schema_of)) {
        if let Some(own) = spec.versions.get(index).and_then(schema_of) {
            schema::validate(own, &at.field("openAPIV3Schema"), errors);
        }
    }
    let same = all_same(spec, |own| own.subresources.as_ref());
    for (index, at) in places("subresources", "subresources", same) {
        let version = spec.versions.get(index);
        if let Some(own) = version.and_then(|own| own.subresources.as_ref()) {
            subresources(own, &at, errors);
        }
    }
    let same = all_same(spec, |own| own.additional_printer_columns.as_ref());
    for (index, at) in places("additionalPrinterColumns", "additionalPrinterColumns", same) {
        let version = spec.versions.get(index);
        let own = version.and_then(|own| own.additional_printer_columns.as_ref());
        for (index, column) in own.into_iter().flatten().enumerate() {
            validate_column(column, &at.index(index), errors);
        }
    }
    let same = all_same(spec, |own| own.selectable_fields.as_ref());
    for (index, at) in places("selectableFields", "selectableFields", same) {
        let version = spec.versions.get(index);
        let own = version.and_then(|own| own.selectable_fields.as_deref());
        selectable(own.unwrap_or(&[]), &at, errors);
    }
}

fn all_same<'a, T: PartialEq + 'a>(
    spec: &'a CustomResourceDefinitionSpec,
    part: impl Fn(&'a CustomResourceDefinitionVersion) -> Option<&'a T>,
) -> bool {
    let mut parts = spec.versions.iter().map(part);
    let first = parts.next();
    first.is_some_and(|first| parts.all(|other| other == first))
}

fn subresources(own: &CustomResourceSubresources, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(scale) = &own.scale {
        validate_scale(scale, &path.field("scale"), errors);
    }
}

fn validate_scale(
    scale: &CustomResourceSubresourceScale,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let numbers = [
        ("specReplicasPath", &scale.spec_replicas_path, ".spec"),
        ("statusReplicasPath", &scale.status_replicas_path, ".status"),
    ];
    for (field, own, root) in numbers {
        let at = path.field(field);
        if own.is_empty() {
            errors.required(&at, "");
        } else if !is_below(own, root) {
            errors.invalid(&at, own, format!("should be a json path under {root}"));
        }
    }
    let own = scale.label_selector_path.as_deref().unwrap_or("");
    if !own.is_empty() && !is_below(own, ".spec") && !is_below(own, ".status") {
        let at = path.field("labelSelectorPath");
        let detail = "should be a json path under either .spec or .status";
        errors.invalid(&at, own, detail);
    }
}

/// Whether a path leads by names alone to somewhere below `root`.
fn is_below(path: &str, root: &str) -> bool {
    let rest = path
        .strip_prefix(root)
        .and_then(|rest| rest.strip_prefix('.'));
    let is_plain = |rest: &str| !rest.is_empty() && !rest.contains(['[', ']', '{', '}', '*']);
    rest.is_some_and(is_plain)
}

fn validate_column(
    column: &CustomResourceColumnDefinition,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    check::given(Some(&column.name), &path.field("name"), errors);
    let at = path.field("type");
    let known = |list: &str, word: &str| list.split(',').any(|known| known == word);
    if column.type_.is_empty() {
        errors.required(&at, format!("must be one of {COLUMN_TYPES}"));
    } else if !known(COLUMN_TYPES, &column.type_) {
        errors.invalid(&at, &column.type_, format!("must be one of {COLUMN_TYPES}"));
    }
    let format = column.format.as_deref().unwrap_or("");
    if !format.is_empty() && !known(COLUMN_FORMATS, format) {
        let detail = format!("must be one of {COLUMN_FORMATS}");
        errors.invalid(&path.field("format"), format, detail);
    }
    check::given(Some(&column.json_path), &path.field("jsonPath"), errors);
}

fn selectable(fields: &[SelectableField], path: &FieldPath, errors: &mut FieldErrors) {
    check::at_most(fields.len(), SELECTABLE_MAX, path, errors);
    let mut seen = BTreeSet::new();
    for (index, field) in fields.iter().enumerate() {
        let at = path.index(index).field("jsonPath");
        let own = field.json_path.as_str();
        if own.is_empty() {
            errors.required(&at, "");
        } else if !own.starts_with('.') || own.contains(['[', ']', '{', '}', '*']) {
            errors.invalid(&at, own, "must be a simple json path with . notation");
        } else if own == ".metadata" || own.starts_with(".metadata.") {
            errors.invalid(&at, own, "must not point to fields in metadata");
        }
        if !seen.insert(own) {
            errors.duplicate(&at, own);
        }
    }
}
