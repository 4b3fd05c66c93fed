//! Amounts of resources: their canonical form, and what may be asked for.

use std::collections::BTreeMap;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, Quantity, name};
use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use super::check::NOT_NEGATIVE;

/// What is said of an amount that must be there.
const NOT_POSITIVE: &str = "must be greater than zero";

/// Amounts by the name of the resource.
pub type Amounts = BTreeMap<String, Written>;

const OF_CONTAINERS: [&str; 3] = ["cpu", "ephemeral-storage", "memory"];

/// The amount written in `from`, if it is one.
#[must_use]
pub fn amount(from: &Written) -> Option<Quantity> {
    from.0.parse().ok()
}

/// Rewrites an amount in its canonical form. What is not an amount stays, for validation to report.
pub fn canonical(from: &mut Written) {
    if let Some(amount) = amount(from) {
        from.0 = amount.to_string();
    }
}

/// Rewrites amounts in canonical form, rounded up to thousandths.
pub fn canonical_amounts(amounts: &mut Option<Amounts>) {
    for written in amounts.iter_mut().flat_map(|amounts| amounts.values_mut()) {
        let Some(exact) = amount(written) else {
            continue;
        };
        let rounded = Quantity::millis(exact.milli_value());
        // Saturation must not make a large amount smaller.
        written.0 = if rounded > exact { rounded } else { exact }.to_string();
    }
}

/// Brings limits and requests into canonical form.
pub fn canonical_requirements(from: &mut ResourceRequirements) {
    canonical_amounts(&mut from.limits);
    canonical_amounts(&mut from.requests);
}

/// Who sets only a limit asks for as much.
pub fn request_what_is_limited(from: &mut ResourceRequirements) {
    let Some(limits) = from.limits.as_ref().filter(|limits| !limits.is_empty()) else {
        return;
    };
    let requests = from.requests.get_or_insert_default();
    for (resource, limit) in limits {
        requests
            .entry(resource.clone())
            .or_insert_with(|| limit.clone());
    }
}

/// Checks limits and requests of a container.
pub fn validate(from: &ResourceRequirements, path: &FieldPath, errors: &mut FieldErrors) {
    let none = Amounts::new();
    let limits = from.limits.as_ref().unwrap_or(&none);
    let requests = from.requests.as_ref().unwrap_or(&none);
    for (resource, limit) in limits {
        let path = path.field("limits").key(resource);
        container_resource(resource, &path, errors);
        value(resource, limit, &path, errors);
    }
    for (resource, request) in requests {
        let at = path.field("requests").key(resource);
        container_resource(resource, &at, errors);
        value(resource, request, &at, errors);
        within_limit(resource, request, limits.get(resource), path, errors);
    }
}

/// Checks the name of a resource that containers ask for.
pub fn container_resource(resource: &str, path: &FieldPath, errors: &mut FieldErrors) {
    errors.named(path, resource, name::qualified);
    let standard = OF_CONTAINERS.contains(&resource) || resource.starts_with("hugepages-");
    if !resource.contains('/') && !standard {
        errors.invalid(path, resource, "must be a standard resource for containers");
    }
}

/// Checks one amount of one resource.
pub fn value(resource: &str, from: &Written, path: &FieldPath, errors: &mut FieldErrors) {
    amount_of(
        from,
        resource == "pods" || is_extended(resource),
        path,
        errors,
    );
}

/// Checks one amount of something that is counted or measured.
pub fn amount_of(from: &Written, is_counted: bool, path: &FieldPath, errors: &mut FieldErrors) {
    let Ok(amount) = from.0.parse::<Quantity>().map_err(|error| {
        errors.invalid(path, &from.0, error.to_string());
    }) else {
        return;
    };
    if amount.is_negative() {
        errors.invalid(path, &from.0, NOT_NEGATIVE);
    }
    if is_counted && amount.milli_value() % 1000 != 0 {
        errors.invalid(path, &from.0, "must be an integer");
    }
}

/// Checks an amount that must be more than nothing.
pub fn positive(from: &Written, path: &FieldPath, errors: &mut FieldErrors) {
    match from.0.parse::<Quantity>() {
        Err(error) => errors.invalid(path, &from.0, error.to_string()),
        Ok(amount) if amount.is_negative() || amount.is_zero() => {
            errors.invalid(path, &from.0, NOT_POSITIVE);
        }
        Ok(_) => {}
    }
}

fn within_limit(
    resource: &str,
    request: &Written,
    limit: Option<&Written>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let Some(limit) = limit else {
        if is_whole(resource) {
            let detail = "Limit must be set for non overcommitable resources";
            errors.required(&path.field("limits"), detail);
        }
        return;
    };
    let (Some(asked), Some(most)) = (amount(request), amount(limit)) else {
        return;
    };
    let at = path.field("requests");
    if is_whole(resource) && asked != most {
        errors.invalid(
            &at,
            &request.0,
            format!("must be equal to {resource} limit of {}", limit.0),
        );
    } else if asked > most {
        let detail = format!(
            "must be less than or equal to {resource} limit of {}",
            limit.0
        );
        errors.invalid(&at, &request.0, detail);
    }
}

/// Whether nobody may use more of the resource than was asked for.
#[must_use]
pub fn is_whole(resource: &str) -> bool {
    is_extended(resource) || resource.starts_with("hugepages-")
}

/// Whether a resource is counted in whole things that a node advertises, such as `example.com/gpu`.
#[must_use]
pub fn is_extended(resource: &str) -> bool {
    resource.contains('/') && !resource.contains("kubernetes.io/")
}
