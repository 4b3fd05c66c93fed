//! What webhooks of both kinds have: one that only judges is one that changes nothing.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhook, ValidatingWebhook, WebhookClientConfig,
};

use super::{FAILURE_POLICIES, MATCH_POLICIES, expressions, match_conditions, rules};
use crate::parts::container_default::fill;
use crate::parts::remote::{self, ServiceTarget};
use crate::parts::{check, label_selector};

const HTTPS_PORT: i32 = 443;
const TIMEOUT_SECONDS: i32 = 10;
const TIMEOUT_SECONDS_MAX: i32 = 30;
/// A name is at least this many words with dots between them.
const NAME_PARTS_MIN: usize = 3;
/// What a webhook may do besides answering.
const SIDE_EFFECTS: [&str; 2] = ["None", "NoneOnDryRun"];
const REINVOCATION_POLICIES: [&str; 2] = ["IfNeeded", "Never"];
/// The versions of questions that this server can ask.
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// A webhook that only judges, as one that may also change.
pub(super) fn general(hook: ValidatingWebhook) -> MutatingWebhook {
    MutatingWebhook {
        admission_review_versions: hook.admission_review_versions,
        client_config: hook.client_config,
        failure_policy: hook.failure_policy,
        match_conditions: hook.match_conditions,
        match_policy: hook.match_policy,
        name: hook.name,
        namespace_selector: hook.namespace_selector,
        object_selector: hook.object_selector,
        reinvocation_policy: None,
        rules: hook.rules,
        side_effects: hook.side_effects,
        timeout_seconds: hook.timeout_seconds,
    }
}

/// The way back from [`general`].
pub(super) fn judging(hook: MutatingWebhook) -> ValidatingWebhook {
    ValidatingWebhook {
        admission_review_versions: hook.admission_review_versions,
        client_config: hook.client_config,
        failure_policy: hook.failure_policy,
        match_conditions: hook.match_conditions,
        match_policy: hook.match_policy,
        name: hook.name,
        namespace_selector: hook.namespace_selector,
        object_selector: hook.object_selector,
        rules: hook.rules,
        side_effects: hook.side_effects,
        timeout_seconds: hook.timeout_seconds,
    }
}

/// Fills in what webhooks of both kinds may leave out.
pub(super) fn default(hook: &mut MutatingWebhook) {
    fill(&mut hook.failure_policy, "Fail");
    fill(&mut hook.match_policy, "Equivalent");
    hook.namespace_selector.get_or_insert_default();
    hook.object_selector.get_or_insert_default();
    hook.timeout_seconds.get_or_insert(TIMEOUT_SECONDS);
    hook.rules.iter_mut().flatten().for_each(rules::default);
    if let Some(service) = &mut hook.client_config.service {
        service.port.get_or_insert(HTTPS_PORT);
    }
}

/// Checks all webhooks of a configuration.
pub(super) fn validate(hooks: &[MutatingWebhook], errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for (index, hook) in hooks.iter().enumerate() {
        let path = FieldPath::new("webhooks").index(index);
        validate_one(hook, &path, errors);
        let versions = path.field("admissionReviewVersions");
        review_versions(&hook.admission_review_versions, &versions, errors);
        if !hook.name.is_empty() && !seen.insert(&hook.name) {
            errors.duplicate(&path.field("name"), &hook.name);
        }
    }
}

fn validate_one(hook: &MutatingWebhook, path: &FieldPath, errors: &mut FieldErrors) {
    qualified_name(&hook.name, &path.field("name"), errors);
    for (index, rule) in hook.rules.iter().flatten().enumerate() {
        rules::validate(rule, &path.field("rules").index(index), errors);
    }
    let words: [(&str, &Option<String>, &[&str]); 3] = [
        ("failurePolicy", &hook.failure_policy, &FAILURE_POLICIES),
        ("matchPolicy", &hook.match_policy, &MATCH_POLICIES),
        (
            "reinvocationPolicy",
            &hook.reinvocation_policy,
            &REINVOCATION_POLICIES,
        ),
    ];
    for (field, word, known) in words {
        check::maybe_one_of(word.as_deref(), known, &path.field(field), errors);
    }
    side_effects(&hook.side_effects, &path.field("sideEffects"), errors);
    if let Some(seconds) = hook.timeout_seconds
        && !(1..=TIMEOUT_SECONDS_MAX).contains(&seconds)
    {
        let detail = "the timeout value must be between 1 and 30 seconds";
        errors.invalid(&path.field("timeoutSeconds"), seconds, detail);
    }
    let selectors = [
        ("namespaceSelector", &hook.namespace_selector),
        ("objectSelector", &hook.object_selector),
    ];
    for (field, selector) in selectors {
        if let Some(selector) = selector {
            label_selector::validate(selector, &path.field(field), errors);
        }
    }
    client_config(&hook.client_config, &path.field("clientConfig"), errors);
    let conditions = hook.match_conditions.as_deref().unwrap_or(&[]);
    let at = path.field("matchConditions");
    match_conditions::validate(conditions, &expressions::environment(), &at, errors);
}

fn qualified_name(name: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if name.is_empty() {
        errors.required(path, "");
    } else if !name::dns_subdomain(name).is_empty() {
        check::named(name, name::dns_subdomain, path, errors);
    } else if name.split('.').count() < NAME_PARTS_MIN {
        let detail = "should be a domain with at least three segments separated by dots";
        errors.invalid(path, name, detail);
    }
}

fn side_effects(word: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if word.is_empty() {
        let known = SIDE_EFFECTS.join(", ");
        errors.required(path, format!("must specify one of {known}"));
    } else {
        check::one_of(Some(word), &SIDE_EFFECTS, path, errors);
    }
}

fn client_config(config: &WebhookClientConfig, path: &FieldPath, errors: &mut FieldErrors) {
    let service = config.service.as_ref().map(|service| ServiceTarget {
        name: &service.name,
        namespace: &service.namespace,
        path: service.path.as_deref(),
        port: service.port,
    });
    remote::validate(config.url.as_deref(), service, path, errors);
}

fn review_versions(versions: &[String], path: &FieldPath, errors: &mut FieldErrors) {
    let known = REVIEW_VERSIONS.join(", ");
    if versions.is_empty() {
        errors.required(path, format!("must specify one of {known}"));
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, version) in versions.iter().enumerate() {
        let at = path.index(index);
        if seen.insert(version) {
            errors.named(&at, version, name::dns1035_label);
        } else {
            errors.invalid(&at, version, "duplicate version");
        }
    }
    let understood = |version: &String| REVIEW_VERSIONS.contains(&version.as_str());
    if !versions.iter().any(understood) {
        let detail = format!("must include at least one of {known}");
        errors.invalid(path, versions, detail);
    }
}
