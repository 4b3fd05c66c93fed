//! What one policy says of one request with one set of parameters.

use gantry_cel::{Machine, Problem, Value};
use gantry_kinds::admissionregistration::expressions::PARAMS;
use gantry_kinds::admissionregistration::programs::{Compiled, Judgement};
use k8s_openapi::api::admissionregistration::v1::Validation;
use serde_json::Value as Json;

use super::compiled::Policy;
use crate::admission::scene::{self, Asker, Conditions, Scene};
use crate::call::Call;
use crate::limits::POLICY_MESSAGE_BYTES;

/// The reason of an objection that gives none.
const USUAL_REASON: &str = "Invalid";
/// Said when a policy used up what it may cost.
const EXHAUSTED: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// Why a policy does not agree.
#[derive(Debug)]
pub(super) struct Objection {
    pub(super) message: String,
    pub(super) reason: String,
    /// Whether it is not the request that is wrong, but the configuration of the policy: that is
    /// refused whatever the binding says.
    pub(super) is_failure: bool,
}

impl Objection {
    fn new(message: String, reason: &str) -> Self {
        Self {
            message,
            reason: reason.to_owned(),
            is_failure: false,
        }
    }
}

/// The objection that a policy makes when it cannot judge at all, if it makes any.
pub(super) fn failure(policy: &Policy, message: String) -> Vec<Objection> {
    let objection = Objection {
        is_failure: true,
        ..Objection::new(message, USUAL_REASON)
    };
    Vec::from_iter(policy.fails_closed().then_some(objection))
}

/// All objections of a policy, in the order of its validations.
pub(super) fn judge(
    call: &Call<'_>,
    scene: &Scene,
    policy: &Policy,
    params: &Json,
) -> Vec<Objection> {
    let asker = Asker::new(call);
    let mut machine = scene.machine(&policy.programs.environment, &asker);
    machine.set(PARAMS, Value::tree(params));
    match conditions(&mut machine, policy) {
        Conditions::Hold => {}
        Conditions::Fail => return Vec::new(),
        Conditions::Unclear(why) => return unclear(policy, why),
    }
    let mut objections = Vec::new();
    let own = policy.spec.validations.iter().flatten();
    for (own, judgement) in own.zip(&policy.programs.validations) {
        match weigh(&mut machine, own, judgement) {
            Ok(objection) => objections.extend(objection),
            Err(why) => objections.extend(unclear(policy, why)),
        }
        if machine.budget() == 0 {
            return unclear(policy, EXHAUSTED.to_owned());
        }
    }
    objections.extend(annotate(&mut machine, policy));
    objections
}

/// The objection that a policy makes when an expression of it failed, if it makes any.
fn unclear(policy: &Policy, why: String) -> Vec<Objection> {
    let objection = Objection::new(why, USUAL_REASON);
    Vec::from_iter(policy.fails_closed().then_some(objection))
}

fn conditions<'a>(machine: &mut Machine<'a>, policy: &'a Policy) -> Conditions {
    let texts = policy.spec.match_conditions.iter().flatten();
    let texts = texts.map(|own| own.expression.as_str());
    scene::hold(machine, policy.programs.conditions.iter().zip(texts))
}

/// The objection of one validation, if it is not true.
fn weigh<'a>(
    machine: &mut Machine<'a>,
    own: &'a Validation,
    judgement: &'a Judgement,
) -> Result<Option<Objection>, String> {
    if scene::truth(machine, (&judgement.expression, &own.expression))? {
        return Ok(None);
    }
    let message = judgement.message.as_ref();
    let message = message.and_then(|message| told(machine, message));
    let given = own.message.as_deref().unwrap_or("").trim();
    let message = match message {
        Some(message) => message,
        None if given.is_empty() => format!("failed expression: {}", own.expression.trim()),
        None => given.to_owned(),
    };
    let reason = own.reason.as_deref().unwrap_or(USUAL_REASON);
    Ok(Some(Objection::new(message, reason)))
}

/// What a message comes to; nothing when it is none, or is no line of text.
fn told<'a>(machine: &mut Machine<'a>, message: &'a Compiled) -> Option<String> {
    let value = machine.evaluate(message.as_ref().ok()?).ok()?;
    let text = value.as_str()?.trim();
    let is_line = !text.is_empty() && !text.contains(['\n', '\r']);
    (is_line && text.len() <= POLICY_MESSAGE_BYTES).then(|| text.to_owned())
}

/// Evaluates the annotations, which nobody writes down; one that fails counts as its policy says.
fn annotate<'a>(machine: &mut Machine<'a>, policy: &'a Policy) -> Vec<Objection> {
    let own = policy.spec.audit_annotations.iter().flatten();
    let failed = own
        .zip(&policy.programs.annotations)
        .filter_map(|(own, compiled)| {
            let outcome: Result<_, Problem> = match compiled {
                Ok(program) => machine.evaluate(program),
                Err(error) => return Some(format!("compilation error: {error}")),
            };
            outcome
                .err()
                .map(|problem| scene::failed(&own.value_expression, &problem))
        });
    let failed: Vec<String> = failed.collect();
    failed
        .into_iter()
        .flat_map(|why| unclear(policy, why))
        .collect()
}
