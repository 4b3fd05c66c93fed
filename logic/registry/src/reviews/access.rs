//! "May this user do that?", asked about oneself or, by those who may, about others.

use serde_json::{Value, json};

use gantry_access::attributes::{ResourceTarget, Target};
use gantry_access::{Attributes, Decision};
use gantry_api::{Caller, Object, Rejection};

use crate::call::Call;
use crate::decode;
use crate::step::{Payload, Reply, Step};

/// Answers about the user that the question names.
pub(super) fn answer(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let review = decode::object(call)?;
    let caller = user(&review)?;
    respond(call, review, &caller)
}

/// The same, for questions about one namespace.
pub(super) fn answer_local(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let review = decode::object(call)?;
    let asked = review.text(&["spec", "resourceAttributes", "namespace"]);
    if asked != call.request.namespace() {
        return Err(Rejection::bad_request(format!(
            "spec.resourceAttributes.namespace is {asked:?}: it must match the namespace of the \
             request, {:?}",
            call.request.namespace()
        )));
    }
    let caller = user(&review)?;
    respond(call, review, &caller)
}

/// Answers about the caller.
pub(super) fn answer_self(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let review = decode::object(call)?;
    let caller = call.request.caller.clone();
    respond(call, review, &caller)
}

fn respond(call: &Call<'_>, mut review: Object, caller: &Caller) -> Result<Step, Rejection> {
    let status = match decide(call, &review, caller)? {
        Decision::Allow(reason) => json!({"allowed": true, "reason": reason}),
        Decision::Deny(reason) => json!({"allowed": false, "reason": reason}),
    };
    review.set(&["status"], status);
    Ok(Step::Reply(Reply::created(Payload::object(review))))
}

fn decide(call: &Call<'_>, review: &Object, caller: &Caller) -> Result<Decision, Rejection> {
    let resource = |field: &str| review.text(&["spec", "resourceAttributes", field]);
    let path = |field: &str| review.text(&["spec", "nonResourceAttributes", field]);
    let has = |field: &str| review.at(&["spec", field]).is_some_and(Value::is_object);
    let (verb, target) = match (has("resourceAttributes"), has("nonResourceAttributes")) {
        (true, false) => {
            let target = ResourceTarget {
                group: resource("group"),
                resource: resource("resource"),
                subresource: resource("subresource"),
                namespace: resource("namespace"),
                name: resource("name"),
                field_selector: "",
            };
            (resource("verb"), Target::Resource(target))
        }
        (false, true) => (path("verb"), Target::Path(path("path"))),
        (true, true) | (false, false) => {
            return Err(Rejection::bad_request(
                "exactly one of spec.resourceAttributes and spec.nonResourceAttributes must be set",
            ));
        }
    };
    let attributes = Attributes {
        caller,
        verb,
        target,
    };
    Ok(call.access.authorize(&attributes, call.snapshot))
}

/// The user that a question names.
fn user(review: &Object) -> Result<Caller, Rejection> {
    let list = |value: Option<&Value>| -> Vec<String> {
        let texts = value.and_then(Value::as_array).into_iter().flatten();
        texts.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let extra = review.at(&["spec", "extra"]).and_then(Value::as_object);
    let caller = Caller {
        user: review.text(&["spec", "user"]).to_owned(),
        uid: review.text(&["spec", "uid"]).to_owned(),
        groups: list(review.at(&["spec", "groups"])),
        extra: extra
            .into_iter()
            .flatten()
            .map(|(key, values)| (key.clone(), list(Some(values))))
            .collect(),
    };
    if caller.user.is_empty() && caller.groups.is_empty() {
        return Err(Rejection::bad_request(
            "at least one of spec.user and spec.groups must be set",
        ));
    }
    Ok(caller)
}
