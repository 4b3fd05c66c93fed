//! What one policy says of one request with one set of parameters.

use gantry_cel::{Machine, Problem, Value};
use gantry_kinds::admissionregistration::expressions::PARAMS;
use gantry_kinds::admissionregistration::programs::{Compiled, Judgement};
use k8s_openapi::api::admissionregistration::v1::Validation;
use serde_json::Value as Json;

use super::compiled::Policy;
use crate::admission::scene::{self, Asker, Conditions, Scene};
use crate::call::Call;
use crate::limits::{POLICY_MESSAGE_BYTES, POLICY_NOTE_LETTERS};
use crate::notes::Notes;

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
    /// Which of the policy's validations it is.
    pub(super) index: usize,
}

impl Objection {
    fn new(message: String, reason: &str) -> Self {
        Self {
            message,
            reason: reason.to_owned(),
            is_failure: false,
            index: 0,
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
    scene: &Scene<'_>,
    policy: &Policy,
    params: &Json,
) -> (Vec<Objection>, Notes) {
    let asker = Asker::new(call);
    let mut machine = scene.machine(&policy.programs.environment, &asker);
    machine.set(PARAMS, Value::tree(params));
    match conditions(&mut machine, policy) {
        Conditions::Hold => {}
        Conditions::Fail => return <_>::default(),
        Conditions::Unclear(why) => return (unclear(policy, why), Notes::new()),
    }
    let mut objections = Vec::new();
    let own = policy.spec.validations.iter().flatten();
    for (index, (own, judgement)) in own.zip(&policy.programs.validations).enumerate() {
        let found = match weigh(&mut machine, own, judgement) {
            Ok(objection) => Vec::from_iter(objection),
            Err(why) => unclear(policy, why),
        };
        objections.extend(found.into_iter().map(|own| Objection { index, ..own }));
        if machine.budget() == 0 {
            return (unclear(policy, EXHAUSTED.to_owned()), Notes::new());
        }
    }
    let (failed, notes) = annotate(&mut machine, policy);
    objections.extend(failed);
    (objections, notes)
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

/// Evaluates the annotations, which are noted under the policy's name; one that is null is none, and
/// one that fails counts as its policy says.
fn annotate<'a>(machine: &mut Machine<'a>, policy: &'a Policy) -> (Vec<Objection>, Notes) {
    let mut failed = Vec::new();
    let mut notes = Notes::new();
    let own = policy.spec.audit_annotations.iter().flatten();
    for (own, compiled) in own.zip(&policy.programs.annotations) {
        let outcome: Result<_, Problem> = match compiled {
            Ok(program) => machine.evaluate(program),
            Err(error) => {
                failed.extend(unclear(policy, format!("compilation error: {error}")));
                continue;
            }
        };
        match outcome {
            Ok(value) => {
                if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
                    let text: String = text.chars().take(POLICY_NOTE_LETTERS).collect();
                    notes.insert(format!("{}/{}", policy.name, own.key), text);
                }
            }
            Err(problem) => {
                let why = scene::failed(&own.value_expression, &problem);
                failed.extend(unclear(policy, why));
            }
        }
    }
    (failed, notes)
}
