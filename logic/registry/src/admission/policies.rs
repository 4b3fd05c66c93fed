//! Judges what is about to be written by the policies of the cluster, where they are bound.
//!
//! A policy objects with the words of its validation that is not true. What becomes of that is for
//! its binding to say: the request is refused, or its sender is warned. Who configures admission is
//! never judged: a policy that refuses everything can still be taken away.

pub(crate) mod compiled;
mod params;
mod verdict;

use std::collections::BTreeSet;
use std::sync::Arc;

use gantry_api::{Object, Rejection};
use serde_json::{Value, json};

use crate::admission::matching::{self, Deed, Wish};
use crate::admission::scene::Scene;
use crate::call::Call;
use crate::request::Verb;

use compiled::{Bound, Policy};
use verdict::Objection;

/// Under which name objections are noted of which a binding says so.
const FAILURES: &str = "validation.policy.admission.k8s.io/validation_failure";

/// Lets the policies judge what is about to be written in the place of `old`.
pub(super) fn validate(
    call: &mut Call<'_>,
    object: &Object,
    old: Option<&Object>,
) -> Result<(), Rejection> {
    judge(call, &Deed::write(object, old))
}

/// Lets the policies judge a deletion that somebody asked for.
pub(super) fn deleting(call: &mut Call<'_>, object: &Object) -> Result<(), Rejection> {
    if matches!(call.request.verb, Verb::Delete | Verb::DeleteCollection) {
        judge(call, &Deed::deletion(object))?;
    }
    Ok(())
}

fn judge(call: &mut Call<'_>, deed: &Deed<'_>) -> Result<(), Rejection> {
    let policies = call.registry.policies(call.snapshot);
    if policies.is_empty() || matching::is_exempt(call.kind) {
        return Ok(());
    }
    let mut refusals = Vec::new();
    let mut told = BTreeSet::new();
    let mut failures = Vec::new();
    for policy in policies.iter() {
        for (bound, objection) in objections(call, deed, policy)? {
            if objection.is_failure || bound.acts("Deny") {
                refusals.push(refusal(call, deed, (policy, &bound, &objection)));
            }
            if bound.acts("Warn") {
                told.insert(warning(policy, &bound, &objection));
            }
            if bound.acts("Audit") {
                failures.push(failed(policy, &bound, &objection));
            }
        }
    }
    call.warnings.extend(told);
    if !failures.is_empty() {
        call.note(FAILURES, Value::Array(failures).to_string());
    }
    refusals.into_iter().next().map_or(Ok(()), Err)
}

/// What a policy objects to, and by which binding.
fn objections(
    call: &mut Call<'_>,
    deed: &Deed<'_>,
    policy: &Policy,
) -> Result<Vec<(Arc<Bound>, Objection)>, Rejection> {
    let mut heard = Vec::new();
    let Some(constraints) = &policy.spec.match_constraints else {
        return Ok(heard);
    };
    let Some(form) = matching::wanted(call, deed, &Wish::of_policy(constraints))? else {
        return Ok(heard);
    };
    let mut scene = None;
    for bound in &policy.bound {
        if let Some(resources) = &bound.spec.match_resources
            && matching::wanted(call, deed, &Wish::of_binding(resources))?.is_none()
        {
            continue;
        }
        let scene = match &mut scene {
            Some(scene) => scene,
            none => none.insert(Scene::new(call, deed, (form, policy.sight))?),
        };
        let found = match params::find(call, &policy.spec, &bound.spec) {
            Ok(params) => {
                let mut found = Vec::new();
                for params in &params {
                    let (objections, notes) = verdict::judge(call, scene, policy, params);
                    found.extend(objections);
                    call.notes.extend(notes);
                }
                found
            }
            // Whoever converts parameters is asked first.
            Err(why) if call.is_asking() => return Err(Rejection::internal(why)),
            Err(why) => verdict::failure(policy, format!("failed to configure binding: {why}")),
        };
        heard.extend(found.into_iter().map(|own| (Arc::clone(bound), own)));
    }
    Ok(heard)
}

/// What is written down of an objection.
fn failed(policy: &Policy, bound: &Bound, objection: &Objection) -> Value {
    json!({
        "message": objection.message, "policy": policy.name, "binding": bound.name,
        "expressionIndex": objection.index, "validationActions": bound.spec.validation_actions,
    })
}

fn warning(policy: &Policy, bound: &Bound, objection: &Objection) -> String {
    format!(
        "Validation failed for ValidatingAdmissionPolicy '{}' with binding '{}': {}",
        policy.name, bound.name, objection.message
    )
}

fn refusal(
    call: &Call<'_>,
    deed: &Deed<'_>,
    (policy, bound, objection): (&Policy, &Bound, &Objection),
) -> Rejection {
    let message = format!(
        "ValidatingAdmissionPolicy '{}' with binding '{}' denied request: {}",
        policy.name, bound.name, objection.message
    );
    let code = match objection.reason.as_str() {
        "Unauthorized" => 401,
        "Forbidden" => 403,
        "RequestEntityTooLarge" => 413,
        _ => 422,
    };
    let resource = call.resource();
    let mut details = json!({
        "name": deed.name(),
        "kind": resource.resource,
        "causes": [{"message": message}],
    });
    if !resource.group.is_empty() {
        details["group"] = Value::from(resource.group.as_str());
    }
    let refused = Rejection::forbidden(resource, deed.name(), message);
    Rejection::Denied {
        code,
        reason: objection.reason.clone(),
        message: refused.to_string(),
        details,
    }
}
