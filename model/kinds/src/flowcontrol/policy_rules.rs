//! Whose requests for what a flow schema is about.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::flowcontrol::v1::{
    NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule, ServiceAccountSubject,
    Subject,
};

const ANY: &str = "*";
const SUBJECTS: [&str; 3] = ["Group", "ServiceAccount", "User"];
const VERBS: [&str; 9] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "proxy",
    "update",
    "watch",
];

/// Checks the subjects and what is said of their requests.
pub(super) fn validate(
    rules: &PolicyRulesWithSubjects,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let at = path.field("subjects");
    if rules.subjects.is_empty() {
        errors.required(&at, "subjects must contain at least one value");
    }
    for (index, own) in rules.subjects.iter().enumerate() {
        subject(own, &at.index(index), errors);
    }
    let resources = rules.resource_rules.as_deref().unwrap_or(&[]);
    let paths = rules.non_resource_rules.as_deref().unwrap_or(&[]);
    if resources.is_empty() && paths.is_empty() {
        let detail = "at least one of resourceRules and nonResourceRules has to be non-empty";
        errors.required(path, detail);
    }
    for (index, rule) in resources.iter().enumerate() {
        resource_rule(rule, &path.field("resourceRules").index(index), errors);
    }
    for (index, rule) in paths.iter().enumerate() {
        path_rule(rule, &path.field("nonResourceRules").index(index), errors);
    }
}

fn subject(own: &Subject, path: &FieldPath, errors: &mut FieldErrors) {
    let given = [
        ("Group", "group", own.group.is_some()),
        (
            "ServiceAccount",
            "serviceAccount",
            own.service_account.is_some(),
        ),
        ("User", "user", own.user.is_some()),
    ];
    if !SUBJECTS.contains(&own.kind.as_str()) {
        errors.not_supported(&path.field("kind"), &own.kind, &SUBJECTS);
        return;
    }
    for (kind, field, is_given) in given {
        let at = path.field(field);
        if kind == own.kind && !is_given {
            let detail = format!("{field} is required when subject kind is '{kind}'");
            errors.required(&at, detail);
        } else if kind != own.kind && is_given {
            let detail = format!("{field} is forbidden when subject kind is not '{kind}'");
            errors.forbidden(&at, detail);
        }
    }
    let named = match own.kind.as_str() {
        "Group" => own.group.as_ref().map(|group| &group.name),
        "User" => own.user.as_ref().map(|user| &user.name),
        _ => None,
    };
    if named.is_some_and(String::is_empty) {
        let field = own.kind.to_lowercase();
        errors.required(&path.field(&field).field("name"), "");
    }
    if let Some(account) = own
        .service_account
        .as_ref()
        .filter(|_| own.kind == "ServiceAccount")
    {
        service_account(account, &path.field("serviceAccount"), errors);
    }
}

fn service_account(own: &ServiceAccountSubject, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("name");
    match own.name.as_str() {
        "" => errors.required(&at, ""),
        ANY => {}
        account => errors.named(&at, account, name::dns_subdomain),
    }
    let at = path.field("namespace");
    match own.namespace.as_str() {
        "" => errors.required(&at, "must specify namespace for service account"),
        namespace => errors.named(&at, namespace, name::dns_label),
    }
}

fn resource_rule(rule: &ResourcePolicyRule, path: &FieldPath, errors: &mut FieldErrors) {
    verbs(&rule.verbs, path, errors);
    let at = path.field("apiGroups");
    let absent = "resource rules must supply at least one api group";
    some_or_any(&rule.api_groups, absent, "api groups", &at, errors);
    let at = path.field("resources");
    let absent = "resource rules must supply at least one resource";
    some_or_any(&rule.resources, absent, "resources", &at, errors);
    let at = path.field("namespaces");
    let namespaces = rule.namespaces.as_deref().unwrap_or(&[]);
    if rule.cluster_scope != Some(true) || !namespaces.is_empty() {
        let absent =
            "resource rules that are not cluster scoped must supply at least one namespace";
        some_or_any(namespaces, absent, "namespaces", &at, errors);
    }
    if namespaces.iter().any(|namespace| namespace == ANY) {
        return;
    }
    for (index, namespace) in namespaces.iter().enumerate() {
        for wrong in name::dns_label(namespace) {
            let wrong =
                format!("each member of this list must be '*' or a DNS-1123 label; {wrong}");
            errors.invalid(&at.index(index), namespace, wrong);
        }
    }
}

fn path_rule(rule: &NonResourcePolicyRule, path: &FieldPath, errors: &mut FieldErrors) {
    verbs(&rule.verbs, path, errors);
    let at = path.field("nonResourceURLs");
    let absent = "nonResourceURLs must contain at least one value";
    let urls = &rule.non_resource_urls;
    some_or_any(urls, absent, "non-resource URLs", &at, errors);
    if urls.iter().any(|url| url == ANY) {
        return;
    }
    for (index, url) in urls.iter().enumerate() {
        if let Some(wrong) = wrong_with_url(url) {
            errors.invalid(&at.index(index), url, wrong);
        }
    }
}

fn verbs(own: &[String], path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("verbs");
    let absent = "verbs must contain at least one value";
    some_or_any(own, absent, "verbs", &at, errors);
    let known = |verb: &String| VERBS.contains(&verb.as_str());
    if !own.iter().any(|verb| verb == ANY) && !own.iter().all(known) {
        errors.not_supported(&at, own, &VERBS);
    }
}

fn some_or_any(
    words: &[String],
    absent: &str,
    what: &str,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    if words.is_empty() {
        errors.required(path, absent);
    }
    if words.len() > 1 && words.iter().any(|word| word == ANY) {
        let detail = format!("if '*' is present, must not specify other {what}");
        errors.invalid(path, words, detail);
    }
}

fn wrong_with_url(url: &str) -> Option<&'static str> {
    if url.is_empty() {
        return Some("must not be empty");
    }
    if url == "/" {
        return None;
    }
    if !url.starts_with('/') {
        return Some("must start with slash");
    }
    if url.contains(' ') {
        return Some("must not contain white-space");
    }
    if url.contains("//") {
        return Some("must not contain double slash");
    }
    let stars = url.matches('*').count();
    let is_suffix = stars == 0 || (stars == 1 && url.ends_with("/*"));
    (!is_suffix).then_some("wildcard can only do suffix matching")
}
