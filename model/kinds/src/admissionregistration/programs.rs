//! The expressions of a policy, compiled: for judging with them, and for saying what is wrong with
//! them.

use gantry_cel::{CompileError, Environment, Program, Returns};
use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, ValidatingAdmissionPolicySpec, Validation, Variable,
};

use super::expressions::{self, AUTHORIZER, REQUEST_RESOURCE};

/// A compiled expression, or why it is not one.
pub type Compiled = Result<Program, CompileError>;

/// The expressions of a policy.
#[derive(Debug)]
pub struct Programs {
    /// The names that they use, `variables` among them.
    pub environment: Environment,
    /// What is wrong with each of the variables, if anything is.
    pub variables: Vec<Option<CompileError>>,
    /// Those that must all be true before the policy judges.
    pub conditions: Vec<Compiled>,
    /// Those that judge.
    pub validations: Vec<Judgement>,
    /// Those that make annotations.
    pub annotations: Vec<Compiled>,
}

/// The expressions of one validation.
#[derive(Debug)]
pub struct Judgement {
    /// What must be true.
    pub expression: Compiled,
    /// What is told when it is not, if that is an expression.
    pub message: Option<Compiled>,
}

impl Programs {
    /// Compiles all expressions of a policy.
    #[must_use]
    pub fn compile(spec: &ValidatingAdmissionPolicySpec) -> Self {
        let plain = expressions::policy_environment(spec.param_kind.is_some());
        let conditions = conditions(&plain, spec.match_conditions.as_deref().unwrap_or(&[]));
        let mut environment = plain.with_variables();
        let variables = define(&mut environment, spec.variables.as_deref().unwrap_or(&[]));
        // Messages tell what is known already; they ask nobody.
        let silent = environment
            .clone()
            .without(AUTHORIZER)
            .without(REQUEST_RESOURCE);
        let judge = |own: &Validation| Judgement {
            expression: environment.compile(&own.expression, Returns::Bool),
            message: given(own.message_expression.as_deref())
                .map(|text| silent.compile(text, Returns::Text)),
        };
        let validations = spec.validations.iter().flatten().map(judge).collect();
        let annotations = spec.audit_annotations.iter().flatten();
        let annotations = annotations
            .map(|own| environment.compile(&own.value_expression, Returns::TextOrNull))
            .collect();
        Self {
            environment,
            variables,
            conditions,
            validations,
            annotations,
        }
    }
}

/// Compiles match conditions.
#[must_use]
pub fn conditions(environment: &Environment, conditions: &[MatchCondition]) -> Vec<Compiled> {
    conditions
        .iter()
        .map(|own| environment.compile(&own.expression, Returns::Bool))
        .collect()
}

fn define(environment: &mut Environment, variables: &[Variable]) -> Vec<Option<CompileError>> {
    let mut define = |own: &Variable| environment.define(&own.name, &own.expression).err();
    variables.iter().map(&mut define).collect()
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}
