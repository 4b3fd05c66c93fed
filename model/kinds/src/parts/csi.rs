//! Storage drivers, as volumes name them.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{CSIPersistentVolumeSource, SecretReference};

use super::check;

const NAME_MAX: usize = 63;

/// Checks the name of a driver.
pub fn driver_name(driver: &str, path: &FieldPath, errors: &mut FieldErrors) {
    check::given(Some(driver), path, errors);
    if driver.len() > NAME_MAX {
        errors.too_long(path, NAME_MAX);
    }
    for wrong in name::dns_subdomain(&driver.to_lowercase()) {
        errors.invalid(path, driver, wrong);
    }
}

/// Checks a volume that a driver provides.
pub fn volume(from: &CSIPersistentVolumeSource, path: &FieldPath, errors: &mut FieldErrors) {
    driver_name(&from.driver, &path.field("driver"), errors);
    check::given(
        Some(&from.volume_handle),
        &path.field("volumeHandle"),
        errors,
    );
    let secrets = [
        (
            "controllerPublishSecretRef",
            &from.controller_publish_secret_ref,
        ),
        (
            "controllerExpandSecretRef",
            &from.controller_expand_secret_ref,
        ),
        ("nodePublishSecretRef", &from.node_publish_secret_ref),
        ("nodeExpandSecretRef", &from.node_expand_secret_ref),
    ];
    for (field, secret) in secrets {
        if let Some(secret) = secret {
            validate_secret(secret, &path.field(field), errors);
        }
    }
}

fn validate_secret(secret: &SecretReference, path: &FieldPath, errors: &mut FieldErrors) {
    let texts: [(&str, &Option<String>, name::Rule); 2] = [
        ("name", &secret.name, name::dns_subdomain),
        ("namespace", &secret.namespace, name::dns_label),
    ];
    for (field, text, rule) in texts {
        match text.as_deref().unwrap_or("") {
            "" => errors.required(&path.field(field), ""),
            text => errors.named(&path.field(field), text, rule),
        }
    }
}
