//! How objects of a custom kind get from one version to another.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceConversion, CustomResourceDefinitionSpec, WebhookConversion,
};

use crate::parts::check;
use crate::parts::remote::{self, ServiceTarget};

const HTTPS_PORT: i32 = 443;
const STRATEGIES: [&str; 2] = ["None", "Webhook"];
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// Fills in what may be left out.
pub(super) fn default(conversion: &mut CustomResourceConversion) {
    if conversion.strategy.is_empty() {
        "None".clone_into(&mut conversion.strategy);
    }
    let config = conversion
        .webhook
        .as_mut()
        .and_then(|own| own.client_config.as_mut());
    if let Some(service) = config.and_then(|config| config.service.as_mut()) {
        service.port.get_or_insert(HTTPS_PORT);
    }
}

/// Checks the strategy and what it needs.
pub(super) fn validate(
    spec: &CustomResourceDefinitionSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let Some(conversion) = &spec.conversion else {
        return;
    };
    let path = path.field("conversion");
    let config = path.field("webhookClientConfig");
    match (conversion.strategy.as_str(), &conversion.webhook) {
        ("Webhook", None) => {
            errors.required(&config, "required when strategy is set to Webhook");
        }
        ("Webhook", Some(webhook)) => validate_webhook(webhook, &path, errors),
        (_, Some(_)) => {
            let detail = "should not be set when strategy is not set to Webhook";
            errors.forbidden(&config, detail);
        }
        (_, None) => {}
    }
    let strategy = Some(conversion.strategy.as_str());
    check::one_of(strategy, &STRATEGIES, &path.field("strategy"), errors);
}

fn validate_webhook(webhook: &WebhookConversion, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("webhookClientConfig");
    match &webhook.client_config {
        None => errors.required(&at, "required when strategy is set to Webhook"),
        Some(config) => {
            let service = config.service.as_ref().map(|service| ServiceTarget {
                name: &service.name,
                namespace: &service.namespace,
                path: service.path.as_deref(),
                port: service.port,
            });
            remote::validate(config.url.as_deref(), service, &at, errors);
        }
    }
    let at = path.field("conversionReviewVersions");
    let versions = &webhook.conversion_review_versions;
    let known = REVIEW_VERSIONS.join(", ");
    if versions.is_empty() {
        errors.required(&at, format!("must specify one of {known}"));
        return;
    }
    for (index, version) in versions.iter().enumerate() {
        let at = at.index(index);
        if versions[..index].contains(version) {
            errors.invalid(&at, version, "duplicate version");
        } else {
            errors.named(&at, version, name::dns1035_label);
        }
    }
    let understood = |version: &String| REVIEW_VERSIONS.contains(&version.as_str());
    if !versions.iter().any(understood) {
        let detail = format!("must include at least one of {known}");
        errors.invalid(&at, versions, detail);
    }
}
