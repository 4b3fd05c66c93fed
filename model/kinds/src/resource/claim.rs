//! What is asked for in a claim: devices, how they belong together, how they are set up.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::resource::v1::{
    DeviceClaim, DeviceConstraint, DeviceRequest, DeviceSelector, DeviceSubRequest,
    DeviceToleration, ExactDeviceRequest, OpaqueDeviceConfiguration,
};

use super::names;
use crate::parts::check;
use crate::parts::container_default::fill;

const REQUESTS_MAX: usize = 32;
const ALTERNATIVES_MAX: usize = 8;
const CONSTRAINTS_MAX: usize = 32;
const CONFIG_MAX: usize = 32;
const SELECTORS_MAX: usize = 32;
const TOLERATIONS_MAX: usize = 16;
const EXPRESSION_MAX: usize = 10 * 1024;
const PARAMETERS_MAX: usize = 10 * 1024;
const MODES: [&str; 2] = ["All", "ExactCount"];
const OPERATORS: [&str; 2] = ["Equal", "Exists"];
const EFFECTS: [&str; 2] = ["NoExecute", "NoSchedule"];

/// Fills in what may be left out.
pub(super) fn default(claim: &mut DeviceClaim) {
    for request in claim.requests.iter_mut().flatten() {
        if let Some(exact) = &mut request.exactly {
            counted(&mut exact.allocation_mode, &mut exact.count);
            tolerated(&mut exact.tolerations);
        }
        for other in request.first_available.iter_mut().flatten() {
            counted(&mut other.allocation_mode, &mut other.count);
            tolerated(&mut other.tolerations);
        }
    }
}

fn counted(mode: &mut Option<String>, count: &mut Option<i64>) {
    fill(mode, "ExactCount");
    if mode.as_deref() == Some("ExactCount") && count.unwrap_or(0) == 0 {
        *count = Some(1);
    }
}

fn tolerated(tolerations: &mut Option<Vec<DeviceToleration>>) {
    for toleration in tolerations.iter_mut().flatten() {
        fill(&mut toleration.operator, "Equal");
    }
}

/// The names by which a claim's requests are referred to: `request`, or `request/alternative`.
pub(super) fn request_names(claim: &DeviceClaim) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for request in claim.requests.iter().flatten() {
        all.insert(request.name.clone());
        for other in request.first_available.iter().flatten() {
            all.insert(format!("{}/{}", request.name, other.name));
        }
    }
    all
}

/// Checks a claim.
pub(super) fn validate(claim: &DeviceClaim, path: &FieldPath, errors: &mut FieldErrors) {
    let known = request_names(claim);
    let requests = claim.requests.as_deref().unwrap_or(&[]);
    let at = path.field("requests");
    check::at_most(requests.len(), REQUESTS_MAX, &at, errors);
    let mut seen = BTreeSet::new();
    for (index, own) in requests.iter().enumerate() {
        request(own, &at.index(index), errors);
        if !seen.insert(&own.name) {
            errors.duplicate(&at.index(index), &own.name);
        }
    }
    let constraints = claim.constraints.as_deref().unwrap_or(&[]);
    let at = path.field("constraints");
    check::at_most(constraints.len(), CONSTRAINTS_MAX, &at, errors);
    for (index, own) in constraints.iter().enumerate() {
        constraint(own, &known, &at.index(index), errors);
    }
    let config = claim.config.as_deref().unwrap_or(&[]);
    let at = path.field("config");
    check::at_most(config.len(), CONFIG_MAX, &at, errors);
    for (index, own) in config.iter().enumerate() {
        let at = at.index(index);
        references(
            own.requests.as_deref(),
            &known,
            &at.field("requests"),
            errors,
        );
        opaque(own.opaque.as_ref(), &at.field("opaque"), errors);
    }
}

fn request(own: &DeviceRequest, path: &FieldPath, errors: &mut FieldErrors) {
    errors.named(&path.field("name"), &own.name, name::dns_label);
    let others = own.first_available.as_deref().unwrap_or(&[]);
    match (&own.exactly, others) {
        (None, []) => {
            errors.required(
                path,
                "exactly one of `exactly` or `firstAvailable` is required",
            );
        }
        (Some(exact), []) => {
            let at = path.field("exactly");
            of_class(&Asked::from(exact), &at, errors);
        }
        (None, others) => alternatives(others, &path.field("firstAvailable"), errors),
        (Some(_), _) => {
            let detail = "exactly one of `exactly` or `firstAvailable` is required, but multiple \
                          fields are set";
            errors.invalid(path, None::<()>, detail);
        }
    }
}

fn alternatives(others: &[DeviceSubRequest], path: &FieldPath, errors: &mut FieldErrors) {
    check::at_most(others.len(), ALTERNATIVES_MAX, path, errors);
    let mut seen = BTreeSet::new();
    for (index, other) in others.iter().enumerate() {
        let at = path.index(index);
        errors.named(&at.field("name"), &other.name, name::dns_label);
        of_class(&Asked::from(other), &at, errors);
        if !seen.insert(&other.name) {
            errors.duplicate(&at, &other.name);
        }
    }
}

/// What a request and an alternative of one have in common.
struct Asked<'a> {
    class: &'a str,
    selectors: &'a [DeviceSelector],
    mode: &'a str,
    count: i64,
    tolerations: &'a [DeviceToleration],
}

impl<'a> From<&'a ExactDeviceRequest> for Asked<'a> {
    fn from(own: &'a ExactDeviceRequest) -> Self {
        Self {
            class: &own.device_class_name,
            selectors: own.selectors.as_deref().unwrap_or(&[]),
            mode: own.allocation_mode.as_deref().unwrap_or(""),
            count: own.count.unwrap_or(0),
            tolerations: own.tolerations.as_deref().unwrap_or(&[]),
        }
    }
}

impl<'a> From<&'a DeviceSubRequest> for Asked<'a> {
    fn from(own: &'a DeviceSubRequest) -> Self {
        Self {
            class: &own.device_class_name,
            selectors: own.selectors.as_deref().unwrap_or(&[]),
            mode: own.allocation_mode.as_deref().unwrap_or(""),
            count: own.count.unwrap_or(0),
            tolerations: own.tolerations.as_deref().unwrap_or(&[]),
        }
    }
}

fn of_class(own: &Asked<'_>, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("deviceClassName");
    if own.class.is_empty() {
        errors.required(&at, "");
    } else {
        errors.named(&at, own.class, name::dns_subdomain);
    }
    selectors(own.selectors, &path.field("selectors"), errors);
    let count = path.field("count");
    match own.mode {
        "All" if own.count != 0 => {
            let detail = "must not be specified when allocationMode is 'All'";
            errors.invalid(&count, own.count, detail);
        }
        "ExactCount" if own.count <= 0 => {
            errors.invalid(&count, own.count, "must be greater than zero");
        }
        mode if !MODES.contains(&mode) => {
            errors.not_supported(&path.field("allocationMode"), mode, &MODES);
        }
        _ => {}
    }
    tolerations(own.tolerations, &path.field("tolerations"), errors);
}

/// Checks that expressions are there, and not too long.
pub(super) fn selectors(own: &[DeviceSelector], path: &FieldPath, errors: &mut FieldErrors) {
    check::at_most(own.len(), SELECTORS_MAX, path, errors);
    for (index, selector) in own.iter().enumerate() {
        let at = path.index(index).field("cel");
        match &selector.cel {
            None => errors.required(&at, ""),
            Some(cel) if cel.expression.trim().is_empty() => {
                errors.required(&at.field("expression"), "");
            }
            Some(cel) if cel.expression.len() > EXPRESSION_MAX => {
                errors.too_long(&at.field("expression"), EXPRESSION_MAX);
            }
            Some(_) => {}
        }
    }
}

/// Checks which taints of devices are put up with.
pub(super) fn tolerations(own: &[DeviceToleration], path: &FieldPath, errors: &mut FieldErrors) {
    check::at_most(own.len(), TOLERATIONS_MAX, path, errors);
    for (index, toleration) in own.iter().enumerate() {
        let at = path.index(index);
        let key = toleration.key.as_deref().unwrap_or("");
        let value = toleration.value.as_deref().unwrap_or("");
        if !key.is_empty() {
            errors.named(&at.field("key"), key, name::qualified);
        }
        match toleration.operator.as_deref().unwrap_or("") {
            "Exists" if !value.is_empty() => {
                errors.invalid(
                    &at.field("value"),
                    value,
                    "must be empty for operator `Exists`",
                );
            }
            "Exists" => {}
            "Equal" => errors.named(&at.field("value"), value, name::label_value),
            other => check::one_of(Some(other), &OPERATORS, &at.field("operator"), errors),
        }
        let effect = toleration
            .effect
            .as_deref()
            .filter(|effect| !effect.is_empty());
        check::maybe_one_of(effect, &EFFECTS, &at.field("effect"), errors);
    }
}

fn constraint(
    own: &DeviceConstraint,
    known: &BTreeSet<String>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    references(
        own.requests.as_deref(),
        known,
        &path.field("requests"),
        errors,
    );
    match (&own.match_attribute, &own.distinct_attribute) {
        (Some(attribute), _) => {
            names::fully_qualified(attribute, &path.field("matchAttribute"), errors);
        }
        (None, Some(attribute)) => {
            names::fully_qualified(attribute, &path.field("distinctAttribute"), errors);
        }
        (None, None) => errors.required(&path.field("matchAttribute"), ""),
    }
}

/// Checks names of requests, all of which must be `known`.
pub(super) fn references(
    own: Option<&[String]>,
    known: &BTreeSet<String>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let own = own.unwrap_or(&[]);
    check::at_most(own.len(), REQUESTS_MAX, path, errors);
    for (index, request) in own.iter().enumerate() {
        let at = path.index(index);
        reference(request, known, &at, errors);
        if own[..index].contains(request) {
            errors.duplicate(&at, request);
        }
    }
}

/// Checks the name of a request, which must be `known`.
pub(super) fn reference(
    own: &str,
    known: &BTreeSet<String>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    for part in own.split('/') {
        errors.named(path, part, name::dns_label);
    }
    if !known.contains(own) {
        let detail = "must be the name of a request in the claim or the name of a request and a \
                      subrequest separated by '/'";
        errors.invalid(path, own, detail);
    }
}

/// Checks what is handed to a driver as it is.
pub(super) fn opaque(
    own: Option<&OpaqueDeviceConfiguration>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let Some(own) = own else {
        errors.required(path, "");
        return;
    };
    names::driver(&own.driver, &path.field("driver"), errors);
    let at = path.field("parameters");
    let value = &own.parameters.0;
    if value.is_null() {
        errors.required(&at, "");
    } else if !value.is_object() {
        errors.invalid(&at, "<value omitted>", "must be a JSON object");
    } else if value.to_string().len() > PARAMETERS_MAX {
        errors.too_long(&at, PARAMETERS_MAX);
    }
}
