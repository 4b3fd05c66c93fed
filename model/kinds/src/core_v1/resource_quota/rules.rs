//! What a quota may say: which resources it limits, and which objects it counts.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::core::v1::{
    ResourceQuota, ResourceQuotaSpec, ScopeSelector, ScopedResourceSelectorRequirement,
};

use crate::parts::quota_resource as resource;
use crate::parts::resources::Amounts;

/// Scopes that no object is in together.
const CONFLICTS: [[&str; 2]; 2] = [
    ["BestEffort", "NotBestEffort"],
    ["NotTerminating", "Terminating"],
];
const CONFLICTING: &str = "conflicting scopes";
const NOT_FOR_RESOURCE: &str = "unsupported scope applied to resource";
const ONLY_EXISTS: &str = "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, \
                           ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, \
                           ResourceQuotaScopeNotBestEffort or \
                           ResourceQuotaScopeCrossNamespacePodAffinity";

/// Checks a quota as its author wrote it.
pub(super) fn validate(
    quota: &ResourceQuota,
    old: Option<&ResourceQuota>,
    errors: &mut FieldErrors,
) {
    let none = ResourceQuotaSpec::default();
    let path = FieldPath::new("spec");
    let spec = quota.spec.as_ref().unwrap_or(&none);
    amounts(spec.hard.as_ref(), &path.field("hard"), errors);
    scopes(spec, &path.field("scopes"), errors);
    if let Some(selector) = &spec.scope_selector {
        let at = path.field("scopeSelector").field("matchExpressions");
        scope_selector(selector, spec, &at, errors);
    }
    if let Some(old) = old {
        let old = old.spec.as_ref().unwrap_or(&none);
        if listed(spec) != listed(old) {
            let at = path.field("scopes");
            errors.invalid(&at, &spec.scopes, "field is immutable");
        }
    }
}

/// Checks what was counted.
pub(super) fn validate_status(quota: &ResourceQuota, errors: &mut FieldErrors) {
    let Some(status) = &quota.status else { return };
    let path = FieldPath::new("status");
    amounts(status.hard.as_ref(), &path.field("hard"), errors);
    amounts(status.used.as_ref(), &path.field("used"), errors);
}

fn amounts(amounts: Option<&Amounts>, path: &FieldPath, errors: &mut FieldErrors) {
    for (name, amount) in amounts.into_iter().flatten() {
        let path = path.key(name);
        resource::validate_name(name, &path, errors);
        resource::validate_amount(name, amount, &path, errors);
    }
}

fn listed(spec: &ResourceQuotaSpec) -> BTreeSet<&str> {
    spec.scopes.iter().flatten().map(String::as_str).collect()
}

fn scopes(spec: &ResourceQuotaSpec, path: &FieldPath, errors: &mut FieldErrors) {
    for scope in spec.scopes.iter().flatten() {
        if !resource::is_scope(scope) {
            errors.invalid(path, &spec.scopes, "unsupported scope");
        }
        for _ in misfits(scope, spec) {
            errors.invalid(path, &spec.scopes, NOT_FOR_RESOURCE);
        }
    }
    if conflict(&listed(spec)) {
        errors.invalid(path, &spec.scopes, CONFLICTING);
    }
}

/// The limited resources that a scope says nothing about.
fn misfits<'a>(scope: &'a str, spec: &'a ResourceQuotaSpec) -> impl Iterator<Item = &'a String> {
    let limited = spec.hard.iter().flat_map(|hard| hard.keys());
    limited.filter(move |name| resource::is_standard(name) && !resource::in_scope(name, scope))
}

fn conflict(scopes: &BTreeSet<&str>) -> bool {
    let has_all = |pair: &[&str; 2]| pair.iter().all(|scope| scopes.contains(scope));
    CONFLICTS.iter().any(has_all)
}

fn scope_selector(
    selector: &ScopeSelector,
    spec: &ResourceQuotaSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let requirements = selector.match_expressions.as_deref().unwrap_or(&[]);
    for requirement in requirements {
        let scope = requirement.scope_name.as_str();
        if !resource::is_scope(scope) {
            errors.invalid(&path.field("scopeName"), scope, "unsupported scope");
        }
        for _ in misfits(scope, spec) {
            errors.invalid(path, selector, NOT_FOR_RESOURCE);
        }
        operator(requirement, path, errors);
    }
    let named = requirements.iter().map(|own| own.scope_name.as_str());
    if conflict(&named.collect()) {
        errors.invalid(path, &spec.scopes, CONFLICTING);
    }
}

fn operator(
    requirement: &ScopedResourceSelectorRequirement,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let operator = requirement.operator.as_str();
    let values = requirement.values.as_deref().unwrap_or(&[]);
    if !resource::has_values(&requirement.scope_name)
        && resource::is_scope(&requirement.scope_name)
        && operator != "Exists"
    {
        errors.invalid(&path.field("operator"), operator, ONLY_EXISTS);
    }
    let at = path.field("values");
    match operator {
        "In" | "NotIn" if values.is_empty() => errors.required(
            &at,
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
        "DoesNotExist" | "Exists" if !values.is_empty() => errors.invalid(
            &at,
            values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
        "DoesNotExist" | "Exists" | "In" | "NotIn" => {}
        other => errors.invalid(
            &path.field("operator"),
            other,
            "not a valid selector operator",
        ),
    }
}
