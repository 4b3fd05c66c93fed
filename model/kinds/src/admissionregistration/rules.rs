//! Which operations on which resources somebody is asked about.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::admissionregistration::v1::{NamedRuleWithOperations, RuleWithOperations};

use crate::parts::check;
use crate::parts::container_default::fill;

const ANY: &str = "*";
const OPERATIONS: [&str; 5] = [ANY, "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES: [&str; 3] = [ANY, "Cluster", "Namespaced"];

/// Fills in what a rule may leave out.
pub(super) fn default(rule: &mut RuleWithOperations) {
    fill(&mut rule.scope, ANY);
}

/// The same for a rule that may name objects.
pub(super) fn default_named(rule: &mut NamedRuleWithOperations) {
    fill(&mut rule.scope, ANY);
}

/// Checks a rule that may name objects.
pub(super) fn validate_named(
    rule: &NamedRuleWithOperations,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let mut seen = BTreeSet::new();
    for (index, object) in rule.resource_names.iter().flatten().enumerate() {
        let at = path.field("resourceNames").index(index);
        errors.named(&at, object, name::path_segment);
        if !seen.insert(object) {
            errors.duplicate(&at, object);
        }
    }
    let rule = RuleWithOperations {
        api_groups: rule.api_groups.clone(),
        api_versions: rule.api_versions.clone(),
        operations: rule.operations.clone(),
        resources: rule.resources.clone(),
        scope: rule.scope.clone(),
    };
    validate(&rule, path, errors);
}

/// Checks a rule.
pub(super) fn validate(rule: &RuleWithOperations, path: &FieldPath, errors: &mut FieldErrors) {
    let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    let operations = list(&rule.operations);
    let at = path.field("operations");
    some_or_any(&operations, "operations", &at, errors);
    for (index, operation) in operations.iter().enumerate() {
        if !OPERATIONS.contains(&operation.as_str()) {
            errors.not_supported(&at.index(index), operation, &OPERATIONS);
        }
    }
    let groups = list(&rule.api_groups);
    some_or_any(&groups, "API groups", &path.field("apiGroups"), errors);
    let versions = list(&rule.api_versions);
    let at = path.field("apiVersions");
    some_or_any(&versions, "API versions", &at, errors);
    for (index, version) in versions.iter().enumerate() {
        check::given(Some(version), &at.index(index), errors);
    }
    validate_resources(&list(&rule.resources), &path.field("resources"), errors);
    if let Some(scope) = rule.scope.as_deref().filter(|own| !SCOPES.contains(own)) {
        errors.not_supported(&path.field("scope"), scope, &SCOPES);
    }
}

fn some_or_any(words: &[String], what: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if words.is_empty() {
        errors.required(path, "");
    }
    if words.len() > 1 && words.iter().any(|word| word == ANY) {
        let detail = format!("if '*' is present, must not specify other {what}");
        errors.invalid(path, words, detail);
    }
}

fn validate_resources(resources: &[String], path: &FieldPath, errors: &mut FieldErrors) {
    if resources.is_empty() {
        errors.required(path, "");
    }
    let (mut whole, mut parts) = (BTreeSet::new(), BTreeSet::new());
    for (index, resource) in resources.iter().enumerate() {
        let at = path.index(index);
        check::given(Some(resource), &at, errors);
        let Some((main, part)) = resource.split_once('/') else {
            continue;
        };
        if whole.contains(main) {
            let detail = format!("if '{main}/*' is present, must not specify {resource}");
            errors.invalid(&at, resource, detail);
        }
        if parts.contains(part) {
            let detail = format!("if '*/{part}' is present, must not specify {resource}");
            errors.invalid(&at, resource, detail);
        }
        if part == ANY {
            whole.insert(main);
        }
        if main == ANY {
            parts.insert(part);
        }
    }
    let has = |word: &str| resources.iter().any(|resource| resource == word);
    if resources.len() > 1 && has("*/*") {
        let detail = "if '*/*' is present, must not specify other resources";
        errors.invalid(path, resources, detail);
    }
    let plain = |resource: &String| resource != ANY && !resource.contains('/');
    if has(ANY) && resources.iter().any(plain) {
        let detail = "if '*' is present, must not specify other resources without subresources";
        errors.invalid(path, resources, detail);
    }
}
