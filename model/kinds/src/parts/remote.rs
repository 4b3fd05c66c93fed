//! Where something outside of the server is called: at a URL, or through a service.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};

const FORM: &str = "; desired format: https://host[/path]";

/// A service that is called, with a path and a port.
#[derive(Clone, Copy, Debug)]
pub struct ServiceTarget<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it lives.
    pub namespace: &'a str,
    /// What is asked for there.
    pub path: Option<&'a str>,
    /// The port that it listens on.
    pub port: Option<i32>,
}

/// Checks that exactly one of the two is given, and that one.
pub fn validate(
    url: Option<&str>,
    service: Option<ServiceTarget<'_>>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    match (url, service) {
        (Some(url), None) => validate_url(url, &path.field("url"), errors),
        (None, Some(service)) => validate_service(service, &path.field("service"), errors),
        (Some(_), Some(_)) | (None, None) => {
            errors.required(path, "exactly one of url or service is required");
        }
    }
}

fn validate_url(url: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let control = |c: char| c.is_ascii_control();
    if url.contains(control) {
        let wrong = format!("parse {url:?}: net/url: invalid control character in URL");
        errors.required(path, format!("url must be a valid URL: {wrong}{FORM}"));
        return;
    }
    let parts = Parts::of(url);
    if parts.scheme != "https" {
        let detail = format!("'https' is the only allowed URL scheme{FORM}");
        errors.invalid(path, parts.scheme, detail);
    }
    if parts.host.is_empty() {
        errors.invalid(path, parts.host, format!("host must be specified{FORM}"));
    }
    if let Some(user) = parts.user {
        errors.invalid(path, user, "user information is not permitted in the URL");
    }
    if !parts.fragment.is_empty() {
        let detail = "fragments are not permitted in the URL";
        errors.invalid(path, parts.fragment, detail);
    }
    if !parts.query.is_empty() {
        let detail = "query parameters are not permitted in the URL";
        errors.invalid(path, parts.query, detail);
    }
}

/// A URL taken apart; what is absent is empty.
struct Parts<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    host: &'a str,
    query: &'a str,
    fragment: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
        let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (scheme, rest) = rest.split_once(':').unwrap_or(("", rest));
        let after = rest.strip_prefix("//").unwrap_or("");
        let authority = after.split('/').next().unwrap_or("");
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        Self {
            scheme,
            user,
            host,
            query,
            fragment,
        }
    }
}

fn validate_service(service: ServiceTarget<'_>, path: &FieldPath, errors: &mut FieldErrors) {
    if service.name.is_empty() {
        errors.required(&path.field("name"), "service name is required");
    }
    if service.namespace.is_empty() {
        errors.required(&path.field("namespace"), "service namespace is required");
    }
    let port = service.port.unwrap_or(0);
    if !(1..=65535).contains(&port) {
        let detail = "port is not valid: must be between 1 and 65535, inclusive";
        errors.invalid(&path.field("port"), port, detail);
    }
    let asked = service.path.unwrap_or("");
    if !asked.is_empty() && asked != "/" {
        validate_path(asked, &path.field("path"), errors);
    }
}

fn validate_path(asked: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let Some(steps) = asked.strip_prefix('/') else {
        errors.invalid(path, asked, "must start with a '/'");
        return;
    };
    let steps = steps.strip_suffix('/').unwrap_or(steps);
    for (index, step) in steps.split('/').enumerate() {
        if step.is_empty() {
            errors.invalid(path, asked, format!("segment[{index}] may not be empty"));
            continue;
        }
        for wrong in name::dns_subdomain(step) {
            errors.invalid(path, asked, format!("segment[{index}]: {wrong}"));
        }
    }
}
