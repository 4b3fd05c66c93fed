//! `/eviction`: asks for a pod to go in good order, within its disruption budget.
//!
//! The budget is charged in the same transaction in which the pod begins to go: two evictions that
//! come at the same time cannot both have the last disruption that is allowed.

mod budget;

use serde_json::{Value, json};

use gantry_api::{Object, Rejection};
use gantry_base::time::rfc3339;
use gantry_store::{Txn, Write};

use crate::call::Call;
use crate::decode::{self, Expected};
use crate::deletion;
use crate::request::DeleteOptions;
use crate::step::{Payload, Reply, Step};
use crate::subresources::binding;

const EVICTION: Expected<'static> = Expected {
    group: "policy",
    version: "v1",
    kind: "Eviction",
    schema: None,
};

/// Begins the end of the pod, and notes in its status who asked for it.
pub(super) fn create(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let eviction = decode::object_as(call, EVICTION)?;
    let name = call.request.name().to_owned();
    if !eviction.name().is_empty() && eviction.name() != name {
        return Err(Rejection::bad_request(
            "name in URL does not match name in Eviction object",
        ));
    }
    let body = eviction.at(&["deleteOptions"]).cloned().unwrap_or_default();
    let options: DeleteOptions = decode::options_in(&body, &call.request.options.delete);
    call.dry_run |= options.dry_run;
    let stored = call.stored()?;
    let key = call.key(&name);
    let old = call.read(stored)?;
    if !disturbs_nobody(&old) {
        budget::charge(call, &old)?;
    }
    let step = deletion::delete(call, &key, stored, &options)?;
    let Step::Commit { txn, reply } = step else {
        return Ok(Step::Reply(answer(None)));
    };
    let txn = match noted(call, &old, &txn) {
        Some(noted) => noted,
        None => txn,
    };
    Ok(Step::Commit {
        txn,
        reply: answer(Some(reply)),
    })
}

/// Whether the pod serves nobody, for it has not begun, has ended, or is going already.
fn disturbs_nobody(pod: &Object) -> bool {
    let phase = pod.text(&["status", "phase"]);
    matches!(phase, "Failed" | "Pending" | "Succeeded") || pod.is_terminating()
}

/// The transaction with the condition added to the object that it marks, if it marks one.
fn noted(call: &mut Call<'_>, old: &Object, txn: &Txn) -> Option<Txn> {
    let key = gantry_store::Key::from(&call.key(old.name()));
    let marked = txn.writes.iter().find_map(|write| match write {
        Write::Put { key: own, value } if *own == key => Some(value),
        Write::Put { .. } | Write::Delete { .. } => None,
    })?;
    let mut object = marked.object(gantry_api::Revision::default());
    let known = object
        .at(&["status", "conditions"])
        .and_then(Value::as_array);
    let mut conditions: Vec<Value> = known.cloned().unwrap_or_default();
    conditions.retain(|known| known.get("type") != Some(&Value::from("DisruptionTarget")));
    conditions.push(json!({
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastTransitionTime": rfc3339(call.now),
    }));
    object.set(&["status", "conditions"], Value::from(conditions));
    let value = call.encode(&object).ok()?;
    let mut noted = txn.clone();
    for write in &mut noted.writes {
        if *write.key() == key {
            *write = Write::Put {
                key: key.clone(),
                value: value.clone(),
            };
        }
    }
    Some(noted)
}

fn answer(reply: Option<Reply>) -> Reply {
    let warnings = reply.map(|reply| reply.warnings).unwrap_or_default();
    Reply::created(Payload::Made(binding::success(201))).with_warnings(warnings)
}
