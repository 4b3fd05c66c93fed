//! `ValidatingAdmissionPolicyBinding`: where a policy holds, with which parameters, and what
//! becomes of what it objects to.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::admissionregistration::v1::{
    ParamRef, ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBindingSpec,
};

use super::validating_admission_policy::UNSET;
use super::{CATEGORIES, match_resources};
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{check, label_selector};
use crate::rules::Rules;

const ACTIONS: [&str; 3] = ["Audit", "Deny", "Warn"];
const WITHOUT_PARAMETERS: [&str; 2] = ["Allow", "Deny"];

/// Where a policy holds.
#[derive(Debug)]
pub struct ValidatingAdmissionPolicyBindings;

impl Kind for ValidatingAdmissionPolicyBindings {
    type Object = ValidatingAdmissionPolicyBinding;

    const CATEGORIES: &'static [&'static str] = CATEGORIES;
    const COLUMNS: &'static [Column<ValidatingAdmissionPolicyBinding>] = &[
        Column::NAME,
        Column::text("PolicyName", "The policy that holds.", |binding, _| {
            let policy = spec(binding).and_then(|spec| spec.policy_name.as_deref());
            policy.unwrap_or("").into()
        }),
        Column::text("ParamRef", "Where its parameters are.", |binding, _| {
            let reference = spec(binding).and_then(|spec| spec.param_ref.as_ref());
            reference.map_or_else(|| UNSET.to_owned(), shown).into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().conditional().counting(&[&["spec"]]);

    fn default(binding: &mut ValidatingAdmissionPolicyBinding) {
        let resources = binding.spec.as_mut().map(|spec| &mut spec.match_resources);
        if let Some(Some(resources)) = resources {
            match_resources::default(resources);
        }
    }

    fn validate(
        binding: &ValidatingAdmissionPolicyBinding,
        _old: Option<&ValidatingAdmissionPolicyBinding>,
        errors: &mut FieldErrors,
    ) {
        let path = FieldPath::new("spec");
        let spec = binding.spec.clone().unwrap_or_default();
        let at = path.field("policyName");
        match spec.policy_name.as_deref().unwrap_or("") {
            "" => errors.required(&at, ""),
            policy => errors.named(&at, policy, name::dns_subdomain),
        }
        if let Some(reference) = &spec.param_ref {
            param_ref(reference, &path.field("paramRef"), errors);
        }
        if let Some(resources) = &spec.match_resources {
            match_resources::validate(resources, &path.field("matchResources"), errors);
        }
        let actions = spec.validation_actions.as_deref().unwrap_or(&[]);
        validate_actions(actions, &path.field("validationActions"), errors);
    }
}

fn spec(
    binding: &ValidatingAdmissionPolicyBinding,
) -> Option<&ValidatingAdmissionPolicyBindingSpec> {
    binding.spec.as_ref()
}

fn shown(reference: &ParamRef) -> String {
    let own = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    match (own(&reference.name), own(&reference.namespace)) {
        (Some(name), Some(namespace)) => format!("{namespace}/{name}"),
        // Whether parameters live in namespaces is not known from here.
        (Some(name), None) => format!("*/{name}"),
        (None, _) => reference
            .selector
            .as_ref()
            .map_or_else(|| UNSET.to_owned(), |own| label_selector::shown(Some(own))),
    }
}

fn param_ref(reference: &ParamRef, path: &FieldPath, errors: &mut FieldErrors) {
    let named = reference.name.as_deref().unwrap_or("");
    errors.named(&path.field("name"), named, name::path_segment);
    match &reference.selector {
        None if named.is_empty() => {
            errors.required(path, "one of name or selector must be specified");
        }
        None => {}
        Some(selector) => {
            label_selector::validate(selector, &path.field("selector"), errors);
            for field in ["name", "selector"].iter().filter(|_| !named.is_empty()) {
                let detail = "name and selector are mutually exclusive";
                errors.forbidden(&path.field(field), detail);
            }
        }
    }
    let at = path.field("parameterNotFoundAction");
    let action = reference.parameter_not_found_action.as_deref();
    check::one_of(action, &WITHOUT_PARAMETERS, &at, errors);
}

fn validate_actions(actions: &[String], path: &FieldPath, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for (index, action) in actions.iter().enumerate() {
        if !ACTIONS.contains(&action.as_str()) {
            errors.not_supported(&path.index(index), action, &ACTIONS);
        }
        if !seen.insert(action.as_str()) {
            errors.duplicate(&path.index(index), action);
        }
    }
    if seen.contains("Deny") && seen.contains("Warn") {
        let detail = "must not contain both Deny and Warn (repeating the same validation failure \
                      information in the API response and headers serves no purpose)";
        errors.invalid(path, actions, detail);
    }
    if seen.is_empty() {
        errors.required(path, "at least one validation action is required");
    }
}
