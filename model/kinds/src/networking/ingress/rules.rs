//! What must hold for an ingress: hosts, paths, and what answers for them.

use std::net::IpAddr;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, IngressBackend, IngressRule, IngressServiceBackend, IngressSpec,
    IngressStatus, IngressTLS,
};

use crate::parts::{check, ports, reference};

const PATH_TYPES: [&str; 3] = ["Exact", "ImplementationSpecific", "Prefix"];
/// What a path that is compared piece by piece may not contain.
const SEQUENCES: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
/// What it may not end with.
const ENDINGS: [&str; 2] = ["/..", "/."];
const NOT_A_NAME: &str = "must be a DNS name, not an IP address";

/// Checks what is asked for.
pub(super) fn validate(spec: &IngressSpec, errors: &mut FieldErrors) {
    let path = FieldPath::new("spec");
    let rules = spec.rules.as_deref().unwrap_or(&[]);
    match &spec.default_backend {
        Some(found) => backend(found, &path.field("defaultBackend"), errors),
        None if rules.is_empty() => {
            let detail = "either `defaultBackend` or `rules` must be specified";
            errors.invalid(&path, rules, detail);
        }
        None => {}
    }
    for (index, found) in rules.iter().enumerate() {
        rule(found, &path.field("rules").index(index), errors);
    }
    for (index, found) in spec.tls.iter().flatten().enumerate() {
        tls(found, &path.field("tls").index(index), errors);
    }
    if let Some(class) = &spec.ingress_class_name {
        errors.named(&path.field("ingressClassName"), class, name::dns_subdomain);
    }
}

/// Checks where it is said to be reached.
pub(super) fn validate_status(status: &IngressStatus, errors: &mut FieldErrors) {
    let path = FieldPath::new("status")
        .field("loadBalancer")
        .field("ingress");
    let entries = status
        .load_balancer
        .iter()
        .flat_map(|given| given.ingress.iter().flatten());
    for (index, entry) in entries.enumerate() {
        let path = path.index(index);
        if let Some(ip) = entry.ip.as_deref().filter(|ip| !ip.is_empty()) {
            check::ip(ip, &path.field("ip"), errors);
        }
        if let Some(host) = entry.hostname.as_deref().filter(|host| !host.is_empty()) {
            let at = path.field("hostname");
            errors.named(&at, host, name::dns_subdomain);
            named_by_dns(host, &at, errors);
        }
    }
}

fn rule(rule: &IngressRule, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(host) = rule.host.as_deref().filter(|host| !host.is_empty()) {
        let at = path.field("host");
        named_by_dns(host, &at, errors);
        host_name(host, &at, errors);
    }
    let Some(http) = &rule.http else { return };
    let path = path.field("http").field("paths");
    if http.paths.is_empty() {
        errors.required(&path, "");
    }
    for (index, found) in http.paths.iter().enumerate() {
        http_path(found, &path.index(index), errors);
    }
}

fn named_by_dns(host: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if host.parse::<IpAddr>().is_ok() {
        errors.invalid(path, host, NOT_A_NAME);
    }
}

fn host_name(host: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let rule = if host.contains('*') {
        name::wildcard_subdomain
    } else {
        name::dns_subdomain
    };
    errors.named(path, host, rule);
}

fn http_path(found: &HTTPIngressPath, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("path");
    let written = found.path.as_deref().unwrap_or("");
    match found.path_type.as_str() {
        "" => {
            errors.required(&path.field("pathType"), "pathType must be specified");
            return;
        }
        "Exact" | "Prefix" => {
            absolute(written, &at, errors);
            plain(written, &at, errors);
        }
        "ImplementationSpecific" if written.is_empty() => {}
        "ImplementationSpecific" => absolute(written, &at, errors),
        other => errors.not_supported(&path.field("pathType"), other, &PATH_TYPES),
    }
    backend(&found.backend, &path.field("backend"), errors);
}

fn absolute(written: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if !written.starts_with('/') {
        errors.invalid(path, written, "must be an absolute path");
    }
}

fn plain(written: &str, path: &FieldPath, errors: &mut FieldErrors) {
    for sequence in SEQUENCES.iter().filter(|part| written.contains(**part)) {
        errors.invalid(path, written, format!("must not contain '{sequence}'"));
    }
    for ending in ENDINGS.iter().filter(|end| written.ends_with(**end)) {
        errors.invalid(path, written, format!("cannot end with '{ending}'"));
    }
}

fn backend(backend: &IngressBackend, path: &FieldPath, errors: &mut FieldErrors) {
    match (&backend.resource, &backend.service) {
        (Some(_), Some(_)) => {
            errors.invalid(path, "", "cannot set both resource and service backends");
        }
        (Some(resource), None) => {
            let named = (resource.kind.as_str(), resource.name.as_str());
            let group = resource.api_group.as_deref();
            reference::local(group, named, &path.field("resource"), errors);
        }
        (None, Some(found)) => service(found, path, errors),
        (None, None) => errors.invalid(path, "", "resource or service backend is required"),
    }
}

fn service(service: &IngressServiceBackend, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("service");
    if service.name.is_empty() {
        errors.required(&at.field("name"), "");
    } else {
        errors.named(&at.field("name"), &service.name, name::dns1035_label);
    }
    let at = at.field("port");
    let port = service.port.as_ref();
    let called = port.and_then(|port| port.name.as_deref()).unwrap_or("");
    match (called, port.and_then(|port| port.number).unwrap_or(0)) {
        ("", 0) => errors.required(path, "port name or number is required"),
        ("", number) => ports::number(number, &at.field("number"), errors),
        (name, 0) => errors.named(&at.field("name"), name, name::port_name),
        (_, _) => errors.invalid(path, "", "cannot set both port name & port number"),
    }
}

fn tls(tls: &IngressTLS, path: &FieldPath, errors: &mut FieldErrors) {
    for (index, host) in tls.hosts.iter().flatten().enumerate() {
        host_name(host, &path.field("hosts").index(index), errors);
    }
    if let Some(secret) = tls.secret_name.as_deref().filter(|name| !name.is_empty()) {
        errors.named(&path.field("secretName"), secret, name::dns_subdomain);
    }
}
