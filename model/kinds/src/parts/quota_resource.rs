//! Names of resources as quotas use them, and the scopes that narrow what a quota counts.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use super::resources;

/// The resources that quotas know without a slash in their name.
const STANDARD: [&str; 19] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

/// What pods ask for in amounts; a pod under a quota of one of these must say how much.
pub const COMPUTE: [&str; 6] = [
    "cpu",
    "limits.cpu",
    "limits.memory",
    "memory",
    "requests.cpu",
    "requests.memory",
];

const SCOPES: [&str; 7] = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];
/// The scopes that name something, such as a class.
const WITH_VALUES: [&str; 2] = ["PriorityClass", "VolumeAttributesClass"];

/// Whether quotas know the resource without a slash in its name.
#[must_use]
pub fn is_standard(resource: &str) -> bool {
    STANDARD.contains(&resource)
        || resource.starts_with("hugepages-")
        || resource.starts_with("requests.hugepages-")
}

/// Whether there is such a scope.
#[must_use]
pub fn is_scope(scope: &str) -> bool {
    SCOPES.contains(&scope)
}

/// Whether selectors may ask which value of the scope an object has.
#[must_use]
pub fn has_values(scope: &str) -> bool {
    WITH_VALUES.contains(&scope)
}

/// Whether a scope says anything about the objects that use a standard resource.
#[must_use]
pub fn in_scope(resource: &str, scope: &str) -> bool {
    match scope {
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => {
            matches!(resource, "persistentvolumeclaims" | "requests.storage")
        }
        _ if is_scope(scope) => resource == "pods" || COMPUTE.contains(&resource),
        _ => true,
    }
}

/// Checks the name of a resource that a quota limits.
pub fn validate_name(resource: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let wrong = name::qualified(resource);
    if !wrong.is_empty() {
        errors.named(path, resource, name::qualified);
    } else if !resource.contains('/') && !is_standard(resource) {
        if resource != "storage" {
            let detail = "must be a standard resource type or fully qualified";
            errors.invalid(path, resource, detail);
        }
        errors.invalid(path, resource, "must be a standard resource for quota");
    }
}

/// Checks how much of a resource a quota allows.
pub fn validate_amount(
    resource: &str,
    amount: &Written,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let is_counted = !resource.contains('/')
        && !COMPUTE.contains(&resource)
        && !resource.ends_with("storage")
        && !resource.contains("hugepages-");
    resources::amount_of(
        amount,
        is_counted || resources::is_extended(resource),
        path,
        errors,
    );
}
