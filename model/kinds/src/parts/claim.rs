//! What a claim for storage asks for, whether it is an object or a template of one.

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::selector::Labels;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaimSpec, TypedLocalObjectReference, TypedObjectReference,
};

use super::container_default::fill;
use super::persistent_volume::{MODES, STORAGE};
use super::{access_modes, check, label_selector, resources};
use crate::descriptor::SelectableField;

/// The older way to name a class, of volumes and of claims.
pub const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";
/// The older way to select volumes and claims by name.
pub(crate) const NAME_FIELD: SelectableField = SelectableField {
    label: "name",
    read: |object: &Object| object.name().to_owned(),
};

/// What is said to those who name a class in the older way.
pub(crate) fn class_warning(annotations: &Labels) -> Vec<String> {
    let named = annotations.get(CLASS_ANNOTATION);
    let told = |_| {
        let path = FieldPath::new("metadata")
            .field("annotations")
            .key(CLASS_ANNOTATION);
        format!("{path}: deprecated since v1.8; use \"storageClassName\" attribute instead")
    };
    named.map(told).into_iter().collect()
}

/// Fills in what a claim may leave out.
pub fn default(spec: &mut PersistentVolumeClaimSpec) {
    fill(&mut spec.volume_mode, "Filesystem");
    if let Some(asked) = &mut spec.resources {
        resources::canonical_amounts(&mut asked.limits);
        resources::canonical_amounts(&mut asked.requests);
    }
}

/// Checks what a claim asks for.
pub fn validate(spec: &PersistentVolumeClaimSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("accessModes");
    let modes = spec.access_modes.as_deref().unwrap_or(&[]);
    if modes.is_empty() {
        errors.required(&at, "at least 1 access mode is required");
    }
    if let Some(selector) = &spec.selector {
        label_selector::validate(selector, &path.field("selector"), errors);
    }
    access_modes::validate(modes, &at, errors);
    size(spec, &path.field("resources").key(STORAGE), errors);
    for (field, class) in [
        ("storageClassName", &spec.storage_class_name),
        (
            "volumeAttributesClassName",
            &spec.volume_attributes_class_name,
        ),
    ] {
        if let Some(class) = class.as_deref().filter(|class| !class.is_empty()) {
            errors.named(&path.field(field), class, name::dns_subdomain);
        }
    }
    let at = path.field("volumeMode");
    check::maybe_one_of(spec.volume_mode.as_deref(), &MODES, &at, errors);
    data(spec, path, errors);
}

/// What the writer of a claim should know although nothing is wrong.
#[must_use]
pub fn warnings(spec: &PersistentVolumeClaimSpec, path: &FieldPath) -> Vec<String> {
    let Some(asked) = &spec.resources else {
        return Vec::new();
    };
    let path = path.field("resources");
    let amounts = [("requests", &asked.requests), ("limits", &asked.limits)];
    let mut told = Vec::new();
    for (field, amounts) in amounts {
        let amount = amounts.as_ref().and_then(|amounts| amounts.get(STORAGE));
        let read = amount.and_then(resources::amount);
        if let (Some(amount), Some(read)) = (amount, read)
            && read.milli_value() % 1000 != 0
        {
            let at = path.field(field).key(STORAGE);
            told.push(format!(
                "{at}: fractional byte value {:?} is invalid, must be an integer",
                amount.0
            ));
        }
    }
    told
}

fn size(spec: &PersistentVolumeClaimSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let asked = spec.resources.as_ref();
    let asked = asked.and_then(|asked| asked.requests.as_ref()?.get(STORAGE));
    match asked {
        Some(amount) => resources::positive(amount, path, errors),
        None => errors.required(path, ""),
    }
}

/// What the new volume begins with can be said in two fields, which must agree.
fn data(spec: &PersistentVolumeClaimSpec, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(source) = &spec.data_source {
        let named = (source.kind.as_str(), source.name.as_str());
        let group = source.api_group.as_deref();
        source_is_known(group, named, &path.field("dataSource"), errors);
    }
    let Some(reference) = &spec.data_source_ref else {
        return;
    };
    let at = path.field("dataSourceRef");
    let named = (reference.kind.as_str(), reference.name.as_str());
    source_is_known(reference.api_group.as_deref(), named, &at, errors);
    let elsewhere = reference.namespace.as_deref().unwrap_or("");
    if !elsewhere.is_empty() {
        errors.named(&at.field("namespace"), elsewhere, name::dns_label);
    }
    let source = path.field("dataSource");
    match &spec.data_source {
        Some(_) if !elsewhere.is_empty() => {
            let detail = "may not be specified when dataSourceRef.namespace is specified";
            errors.invalid(path, source.as_str(), detail);
        }
        Some(given) if !is_same(given, reference) => {
            errors.invalid(path, source.as_str(), "must match dataSourceRef");
        }
        Some(_) | None => {}
    }
}

fn source_is_known(
    group: Option<&str>,
    (kind, object): (&str, &str),
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    check::given(Some(object), &path.field("name"), errors);
    check::given(Some(kind), &path.field("kind"), errors);
    match group.unwrap_or("") {
        "" if kind != "PersistentVolumeClaim" => {
            let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
            errors.invalid(path, kind, detail);
        }
        "" => {}
        group => errors.named(&path.field("apiGroup"), group, name::dns_subdomain),
    }
}

fn is_same(local: &TypedLocalObjectReference, other: &TypedObjectReference) -> bool {
    local.api_group == other.api_group && local.kind == other.kind && local.name == other.name
}
