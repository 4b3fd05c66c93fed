//! What must hold for a request, whoever writes it.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestSpec,
};

use super::{change, pem};

/// A signer that only an older version of this group knew.
const LEGACY: &str = "kubernetes.io/legacy-unknown";
const SECONDS_MIN: i32 = 600;
const DOMAIN_MAX: usize = 253;
const SIGNER_MAX: usize = 571;

const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];
/// Conditions that are true or are not there.
const ONLY_TRUE: [&str; 3] = ["Approved", "Denied", "Failed"];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];

/// Checks a request as it is.
pub(super) fn validate(request: &CertificateSigningRequest, errors: &mut FieldErrors) {
    validate_spec(&request.spec, &"spec".into(), errors);
    validate_conditions(request, errors);
    if let Some(certificate) = change::certificate(request)
        && let Err(wrong) = pem::check_certificates(certificate)
    {
        let path = FieldPath::new("status").field("certificate");
        errors.invalid(&path, "<certificate data>", wrong);
    }
}

fn validate_spec(spec: &CertificateSigningRequestSpec, path: &FieldPath, errors: &mut FieldErrors) {
    if let Err(wrong) = pem::check_request(&spec.request.0) {
        errors.invalid(&path.field("request"), &spec.request, wrong);
    }
    let at = path.field("usages");
    let usages = spec.usages.as_deref().unwrap_or(&[]);
    if usages.is_empty() {
        errors.required(&at, "");
    }
    for (index, usage) in usages.iter().enumerate() {
        if !USAGES.contains(&usage.as_str()) {
            errors.not_supported(&at.index(index), usage, &USAGES);
        }
    }
    for (index, usage) in usages.iter().enumerate() {
        if usages[..index].contains(usage) {
            errors.duplicate(&at.index(index), usage);
        }
    }
    validate_signer(&spec.signer_name, &path.field("signerName"), errors);
    if let Some(seconds) = spec
        .expiration_seconds
        .filter(|seconds| *seconds < SECONDS_MIN)
    {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.invalid(&path.field("expirationSeconds"), seconds, detail);
    }
}

/// A signer is called like a path below a domain, such as `example.com/signer-name`.
fn validate_signer(signer: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if signer == LEGACY {
        let detail = "the legacy signerName is not allowed via this API version";
        errors.invalid(path, signer, detail);
        return;
    }
    if signer.is_empty() {
        errors.required(path, "");
        return;
    }
    let halves: Vec<&str> = signer.split('/').collect();
    let [domain, rest] = halves.as_slice() else {
        let detail = "must be a fully qualified domain and path of the form \
                      'example.com/signer-name'";
        errors.invalid(path, signer, detail);
        return;
    };
    if domain.len() > DOMAIN_MAX {
        errors.too_long(path, DOMAIN_MAX);
    }
    validate_labels(domain, name::dns_label, path, errors);
    if !domain.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        errors.invalid(path, domain, detail);
    }
    validate_labels(rest, name::dns_subdomain, path, errors);
    if signer.len() > SIGNER_MAX {
        errors.too_long(path, SIGNER_MAX);
    }
}

/// Reports the first label that is not legal.
fn validate_labels(text: &str, rule: name::Rule, path: &FieldPath, errors: &mut FieldErrors) {
    let wrong = text.split('.').find(|label| !rule(label).is_empty());
    let Some(label) = wrong else { return };
    for detail in rule(label) {
        errors.invalid(path, text, format!("validating label {label:?}: {detail}"));
    }
}

fn validate_conditions(request: &CertificateSigningRequest, errors: &mut FieldErrors) {
    let path = FieldPath::new("status").field("conditions");
    let mut known = BTreeSet::new();
    for (index, condition) in change::conditions(request).iter().enumerate() {
        let path = path.index(index);
        let kind = condition.type_.as_str();
        if kind.is_empty() {
            errors.required(&path.field("type"), "");
        }
        let statuses = if ONLY_TRUE.contains(&kind) {
            &STATUSES[1..2]
        } else {
            &STATUSES[..]
        };
        match condition.status.as_str() {
            "" => errors.required(&path.field("status"), ""),
            status if statuses.contains(&status) => {}
            status => errors.not_supported(&path.field("status"), status, statuses),
        }
        let other = match kind {
            "Approved" => "Denied",
            "Denied" => "Approved",
            _ => "",
        };
        if !other.is_empty() && known.contains(other) {
            let detail = "Approved and Denied conditions are mutually exclusive";
            errors.invalid(&path.field("type"), kind, detail);
        }
        if !known.insert(kind) {
            errors.duplicate(&path.field("type"), kind);
        }
    }
}
