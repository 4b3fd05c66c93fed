//! `ValidatingAdmissionPolicy`: expressions that judge what is about to be written.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::{FieldPath, name};
use gantry_cel::CompileError;
use k8s_openapi::api::admissionregistration::v1::{
    AuditAnnotation, ParamKind, ValidatingAdmissionPolicy, ValidatingAdmissionPolicySpec,
    Validation, Variable,
};

use super::expressions::{policy_environment, report};
use super::programs::{Compiled, Judgement, Programs};
use super::{CATEGORIES, FAILURE_POLICIES, match_conditions, match_resources};
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::parts::{check, conditions};
use crate::rules::Rules;
use crate::subresource::Subresource;

const ANNOTATIONS_MAX: usize = 20;
/// An expression for an annotation may be this long, in bytes.
const ANNOTATION_EXPRESSION_MAX: usize = 5 * 1024;
const REASONS: [&str; 3] = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
/// Shown when a policy has no parameters.
pub(super) const UNSET: &str = "<unset>";

/// Expressions that judge what is about to be written.
#[derive(Debug)]
pub struct ValidatingAdmissionPolicies;

impl Kind for ValidatingAdmissionPolicies {
    type Object = ValidatingAdmissionPolicy;

    const CATEGORIES: &'static [&'static str] = CATEGORIES;
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<ValidatingAdmissionPolicy>] = &[
        Column::NAME,
        Column::integer("Validations", "How many there are.", |policy, _| {
            let validations = spec(policy).and_then(|spec| spec.validations.as_ref());
            validations.map_or(0, Vec::len).into()
        }),
        Column::text("ParamKind", "What its parameters are.", |policy, _| {
            let kind = spec(policy).and_then(|spec| spec.param_kind.as_ref());
            kind.map_or_else(|| UNSET.to_owned(), shown).into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new()
        .with_status()
        .conditional()
        .counting(&[&["spec"]]);

    fn default(policy: &mut ValidatingAdmissionPolicy) {
        let Some(spec) = &mut policy.spec else { return };
        fill(&mut spec.failure_policy, "Fail");
        if let Some(constraints) = &mut spec.match_constraints {
            match_resources::default(constraints);
        }
    }

    fn validate(
        policy: &ValidatingAdmissionPolicy,
        _old: Option<&ValidatingAdmissionPolicy>,
        errors: &mut FieldErrors,
    ) {
        let path = FieldPath::new("spec");
        let spec = policy.spec.clone().unwrap_or_default();
        let failure = spec.failure_policy.as_deref();
        let at = path.field("failurePolicy");
        check::one_of(failure, &FAILURE_POLICIES, &at, errors);
        if let Some(kind) = &spec.param_kind {
            param_kind(kind, &path.field("paramKind"), errors);
        }
        constraints(&spec, &path.field("matchConstraints"), errors);
        let conditions = spec.match_conditions.as_deref().unwrap_or(&[]);
        let environment = policy_environment(spec.param_kind.is_some());
        let at = path.field("matchConditions");
        match_conditions::validate(conditions, &environment, &at, errors);
        let programs = Programs::compile(&spec);
        let variables = spec.variables.iter().flatten().zip(&programs.variables);
        for (index, (own, wrong)) in variables.enumerate() {
            let at = path.field("variables").index(index);
            variable(own, wrong.as_ref(), &at, errors);
        }
        judgements((&spec, &programs), policy.name(), &path, errors);
    }

    fn validate_status(
        policy: &ValidatingAdmissionPolicy,
        _old: &ValidatingAdmissionPolicy,
        errors: &mut FieldErrors,
    ) {
        let path = FieldPath::new("status");
        let status = policy.status.clone().unwrap_or_default();
        let checking = status.type_checking.unwrap_or_default();
        let list = path.field("typeChecking").field("expressionWarnings");
        for (index, own) in checking.expression_warnings.iter().flatten().enumerate() {
            let at = list.index(index);
            check::given(Some(&own.warning), &at.field("warning"), errors);
            check::given(Some(own.field_ref.trim()), &at.field("fieldRef"), errors);
        }
        let own = status.conditions.as_deref().unwrap_or(&[]);
        conditions::validate(own, &path.field("conditions"), errors);
    }
}

fn spec(policy: &ValidatingAdmissionPolicy) -> Option<&ValidatingAdmissionPolicySpec> {
    policy.spec.as_ref()
}

fn shown(kind: &ParamKind) -> String {
    let version = kind.api_version.as_deref().unwrap_or("");
    format!("{version}/{}", kind.kind.as_deref().unwrap_or(""))
}

fn param_kind(own: &ParamKind, path: &FieldPath, errors: &mut FieldErrors) {
    let version = own.api_version.as_deref().unwrap_or("");
    api_version(version, &path.field("apiVersion"), errors);
    let at = path.field("kind");
    match own.kind.as_deref().unwrap_or("") {
        "" => errors.required(&at, ""),
        kind => check::kind_name(kind, &at, errors),
    }
}

fn api_version(text: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if text.is_empty() {
        errors.required(path, "");
        return;
    }
    let (group, version) = text.split_once('/').unwrap_or(("", text));
    if version.contains('/') {
        let detail = format!("unexpected GroupVersion string: {text}");
        errors.invalid(path, text, detail);
        return;
    }
    if !group.is_empty() {
        check::named(group, name::dns_subdomain, path, errors);
    }
    if version.is_empty() {
        errors.invalid(path, text, "version must be specified");
    } else {
        check::named(version, name::dns1035_label, path, errors);
    }
}

fn constraints(spec: &ValidatingAdmissionPolicySpec, path: &FieldPath, errors: &mut FieldErrors) {
    let Some(own) = &spec.match_constraints else {
        errors.required(path, "");
        return;
    };
    match_resources::validate(own, path, errors);
    if own.resource_rules.as_ref().is_none_or(Vec::is_empty) {
        errors.required(&path.field("resourceRules"), "");
    }
}

fn variable(
    own: &Variable,
    wrong: Option<&CompileError>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let at = path.field("name");
    if own.name.trim().is_empty() {
        errors.required(&at, "name is not specified");
    } else if !gantry_cel::is_identifier(&own.name) {
        errors.invalid(&at, &own.name, "name is not a valid CEL identifier");
    }
    let compiled = wrong.cloned().map_or(Ok(()), Err);
    expression(compiled, &own.expression, &path.field("expression"), errors);
}

/// Reports an expression that is not there or is none.
fn expression(
    compiled: Result<(), CompileError>,
    text: &str,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    if text.trim().is_empty() {
        errors.required(path, "expression is not specified");
    } else {
        report(compiled, text, path, errors);
    }
}

/// Validations and annotations, of which there must be at least one.
fn judgements(
    (spec, programs): (&ValidatingAdmissionPolicySpec, &Programs),
    policy: &str,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let validations = spec.validations.as_deref().unwrap_or(&[]);
    let annotations = spec.audit_annotations.as_deref().unwrap_or(&[]);
    let at = path.field("auditAnnotations");
    if validations.is_empty() && annotations.is_empty() {
        let detail = "validations or auditAnnotations must contain at least one item";
        errors.required(&path.field("validations"), detail);
        errors.required(&at, detail);
    }
    for (index, (own, compiled)) in validations.iter().zip(&programs.validations).enumerate() {
        validation(
            (own, compiled),
            &path.field("validations").index(index),
            errors,
        );
    }
    if annotations.len() > ANNOTATIONS_MAX {
        let detail = format!("must not have more than {ANNOTATIONS_MAX} auditAnnotations");
        errors.invalid(&at, annotations, detail);
    }
    let mut seen = BTreeSet::new();
    for (index, (own, compiled)) in annotations.iter().zip(&programs.annotations).enumerate() {
        annotation((own, compiled), policy, &at.index(index), errors);
        if !seen.insert(&own.key) {
            errors.duplicate(&at.index(index).field("key"), &own.key);
        }
    }
}

fn validation(
    (own, compiled): (&Validation, &Judgement),
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let outcome = told(&compiled.expression);
    expression(outcome, &own.expression, &path.field("expression"), errors);
    let is_blank = |text: &str| !text.is_empty() && text.trim().is_empty();
    let other = own.message_expression.as_deref().unwrap_or("");
    if is_blank(other) {
        let at = path.field("messageExpression");
        errors.invalid(&at, other, "must be non-empty if specified");
    } else if let Some(message) = &compiled.message {
        report(
            told(message),
            other,
            &path.field("messageExpression"),
            errors,
        );
    }
    let at = path.field("message");
    let message = own.message.as_deref().unwrap_or("");
    if is_blank(message) {
        errors.invalid(&at, message, "message must be non-empty if specified");
    } else if message.trim().contains(['\n', '\r']) {
        errors.invalid(&at, message, "message must not contain line breaks");
    }
    let reason = own.reason.as_deref();
    check::maybe_one_of(reason, &REASONS, &path.field("reason"), errors);
}

/// What is wrong with an expression, if anything is.
fn told(compiled: &Compiled) -> Result<(), CompileError> {
    compiled.as_ref().map(drop).map_err(CompileError::clone)
}

fn annotation(
    (own, compiled): (&AuditAnnotation, &Compiled),
    policy: &str,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    // Annotations are written under the name of their policy.
    let key = format!("{policy}/{}", own.key);
    errors.named(&path.field("key"), &key, name::qualified);
    let at = path.field("valueExpression");
    let text = own.value_expression.trim();
    if text.is_empty() {
        errors.required(&at, "valueExpression is not specified");
    } else if text.len() > ANNOTATION_EXPRESSION_MAX {
        let detail = format!("must not exceed {ANNOTATION_EXPRESSION_MAX} bytes in length");
        errors.required(&at, detail);
    } else {
        report(told(compiled), text, &at, errors);
    }
}
