//! `IngressClass`: who makes ingresses work, and how they are set up.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::networking::v1::{IngressClass, IngressClassParametersReference};
use serde_json::Value;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::parts::{cell, check, reference};
use crate::rules::Rules;

const CONTROLLER_MAX: usize = 250;
const SCOPES: [&str; 2] = ["Cluster", "Namespace"];
/// What may stand in the path of a URL.
const PATH_MARKS: &str = "/-._~%!$&'()*+,;=:";

/// Who makes ingresses work.
#[derive(Debug)]
pub struct IngressClasses;

impl Kind for IngressClasses {
    type Object = IngressClass;

    const COLUMNS: &'static [Column<IngressClass>] = &[
        Column::NAME,
        Column::text("Controller", "Who makes them work.", |class, _| {
            controller(class).into()
        }),
        Column::text("Parameters", "Where its settings are.", |class, _| {
            shown(parameters(class))
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().counting(&[&["spec"]]);

    fn default(class: &mut IngressClass) {
        let parameters = class.spec.get_or_insert_default().parameters.as_mut();
        if let Some(parameters) = parameters {
            fill(&mut parameters.scope, "Cluster");
        }
    }

    fn validate(class: &IngressClass, old: Option<&IngressClass>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec");
        let at = path.field("controller");
        if let Some(old) = old {
            errors.require_same(&at, &controller(class), &controller(old));
        }
        validate_controller(controller(class), &at, errors);
        if let Some(parameters) = parameters(class) {
            validate_parameters(parameters, &path.field("parameters"), errors);
        }
    }
}

fn controller(class: &IngressClass) -> &str {
    let spec = class.spec.as_ref();
    spec.and_then(|spec| spec.controller.as_deref())
        .unwrap_or("")
}

fn parameters(class: &IngressClass) -> Option<&IngressClassParametersReference> {
    class.spec.as_ref()?.parameters.as_ref()
}

fn validate_controller(controller: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if controller.is_empty() {
        errors.required(path, "");
        return;
    }
    if controller.len() > CONTROLLER_MAX {
        errors.too_long(path, CONTROLLER_MAX);
    }
    let halves = controller.split_once('/');
    let Some((host, rest)) = halves.filter(|(host, rest)| !host.is_empty() && !rest.is_empty())
    else {
        let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
        errors.invalid(path, controller, detail);
        return;
    };
    errors.named(path, host, name::dns_subdomain);
    let legal = |c: char| c.is_ascii_alphanumeric() || PATH_MARKS.contains(c);
    if !rest.chars().all(legal) {
        let detail =
            r"Invalid path (regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+')";
        errors.invalid(path, rest, detail);
    }
}

fn validate_parameters(
    from: &IngressClassParametersReference,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let named = (from.kind.as_str(), from.name.as_str());
    reference::local(from.api_group.as_deref(), named, path, errors);
    let scope = from.scope.as_deref();
    check::one_of(scope, &SCOPES, &path.field("scope"), errors);
    let at = path.field("namespace");
    match (scope, &from.namespace) {
        (Some("Namespace"), None) => {
            errors.required(&at, "`parameters.scope` is set to 'Namespace'");
        }
        (Some("Namespace"), Some(namespace)) => errors.named(&at, namespace, name::dns_label),
        (Some("Cluster"), Some(_)) => {
            errors.forbidden(&at, "`parameters.scope` is set to 'Cluster'");
        }
        (Some(_) | None, _) => {}
    }
}

fn shown(parameters: Option<&IngressClassParametersReference>) -> Value {
    let Some(from) = parameters else {
        return cell::NONE.into();
    };
    match &from.api_group {
        Some(group) => format!("{}.{group}/{}", from.kind, from.name).into(),
        None => format!("{}/{}", from.kind, from.name).into(),
    }
}
