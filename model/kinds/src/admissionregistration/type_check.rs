//! Says of a policy's expressions what cannot be right, given the kinds that the policy judges.
//!
//! Nothing is refused for that: the kinds may change, and an expression may be right for one of
//! them and wrong for another.

use gantry_base::FieldPath;
use gantry_cel::{Environment, Returns, Type};
use k8s_openapi::api::admissionregistration::v1::{
    ExpressionWarning, NamedRuleWithOperations, ParamKind, ValidatingAdmissionPolicySpec,
};

use super::{expressions, typed};
use crate::descriptor::Descriptor;

/// Kinds that a policy is checked with; it may match more.
const KINDS_MAX: usize = 10;

/// All that is found, with the field of each expression.
#[must_use]
pub fn warnings(
    spec: &ValidatingAdmissionPolicySpec,
    kinds: &[Descriptor],
) -> Vec<ExpressionWarning> {
    let params = spec.param_kind.as_ref();
    let params = params.map(|own| param_kind(own, kinds).map_or(Type::Dyn, typed::of));
    let judged: Vec<(String, Environment)> = matched(spec, kinds)
        .into_iter()
        .map(|kind| {
            (
                shown(kind),
                environment(spec, typed::of(kind), params.clone()),
            )
        })
        .collect();
    let path = FieldPath::new("spec").field("validations");
    let mut found = Vec::new();
    for (index, own) in spec.validations.iter().flatten().enumerate() {
        let at = path.index(index);
        let expression = (own.expression.as_str(), Returns::Bool);
        found.extend(check(&judged, expression, &at.field("expression")));
        if let Some(message) = own.message_expression.as_deref() {
            let message = (message, Returns::Text);
            found.extend(check(&judged, message, &at.field("messageExpression")));
        }
    }
    found
}

fn environment(
    spec: &ValidatingAdmissionPolicySpec,
    object: Type,
    params: Option<Type>,
) -> Environment {
    let mut environment = expressions::typed_environment(object, params).with_variables();
    for own in spec.variables.iter().flatten() {
        gantry_base::ignore(
            environment.define(&own.name, &own.expression),
            "what is wrong with it was said when it was written",
        );
    }
    environment
}

fn check(
    judged: &[(String, Environment)],
    (text, returns): (&str, Returns),
    path: &FieldPath,
) -> Option<ExpressionWarning> {
    let wrong = judged.iter().filter_map(|(kind, environment)| {
        let error = environment.compile(text, returns).err()?;
        Some(format!("{kind}: {}\n", error.listing()))
    });
    let wrong: Vec<String> = wrong.collect();
    (!wrong.is_empty()).then(|| ExpressionWarning {
        field_ref: path.to_string(),
        warning: wrong.join("\n"),
    })
}

/// The kinds that the rules name, each once. Rules that mean any kind name none.
fn matched<'k>(
    spec: &ValidatingAdmissionPolicySpec,
    kinds: &'k [Descriptor],
) -> Vec<&'k Descriptor> {
    let rules = spec.match_constraints.iter();
    let rules: Vec<&NamedRuleWithOperations> = rules
        .flat_map(|own| own.resource_rules.iter().flatten())
        .collect();
    let has = |list: &Option<Vec<String>>, word: &str| list.iter().flatten().any(|own| own == word);
    let is_named = |kind: &&Descriptor| {
        let names = &kind.names;
        rules.iter().any(|rule| {
            has(&rule.api_groups, &names.group)
                && has(&rule.api_versions, &names.version)
                && has(&rule.resources, &names.plural)
        })
    };
    kinds.iter().filter(is_named).take(KINDS_MAX).collect()
}

fn param_kind<'k>(own: &ParamKind, kinds: &'k [Descriptor]) -> Option<&'k Descriptor> {
    let version = own.api_version.as_deref().unwrap_or("");
    let kind = own.kind.as_deref().unwrap_or("");
    kinds.iter().find(|known| {
        known.names.kind == kind && known.names.group_version().to_string() == version
    })
}

fn shown(kind: &Descriptor) -> String {
    format!("{}, Kind={}", kind.names.group_version(), kind.names.kind)
}
