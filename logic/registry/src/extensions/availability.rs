//! Whether another API server can be asked, as its `APIService` says it.

use gantry_api::Object;
use gantry_base::Timestamp;
use gantry_base::time::rfc3339;
use serde_json::{Value, json};

use super::{Extension, Known};
use crate::endpoints::{Place, ServicePlace, Unreachable};

const AVAILABLE: &str = "Available";

/// Whether it can be asked, and why or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it can.
    pub is_available: bool,
    /// Why, in a word.
    pub reason: &'static str,
    /// Why, in a sentence.
    pub message: String,
}

/// What is to be said of an extension, given where its service is and how a question about what it
/// serves ended; nothing as long as nobody asked it.
#[must_use]
pub fn verdict(
    extension: &Extension,
    places: &Result<Vec<Place>, Unreachable>,
    asked: Option<&Result<(), String>>,
) -> Option<Verdict> {
    let not = |reason, message| {
        Some(Verdict {
            is_available: false,
            reason,
            message,
        })
    };
    if let Err(why) = places {
        let (reason, message) = unreachable(&extension.service, why);
        return not(reason, message);
    }
    match asked? {
        Ok(()) => Some(Verdict {
            is_available: true,
            reason: "Passed",
            message: "all checks passed".to_owned(),
        }),
        Err(why) => not("FailedDiscoveryCheck", why.clone()),
    }
}

fn unreachable(service: &ServicePlace, why: &Unreachable) -> (&'static str, String) {
    let ServicePlace {
        namespace, name, ..
    } = service;
    match why {
        Unreachable::NoService(_) => (
            "ServiceNotFound",
            format!("service/{name} in {namespace:?} is not present"),
        ),
        Unreachable::NoPort { port, .. } => (
            "ServicePortError",
            format!("service/{name} in {namespace:?} is not listening on port {port}"),
        ),
        Unreachable::NoSlices(_) => (
            "EndpointsNotFound",
            format!("cannot find endpointslices for service/{name} in {namespace:?}"),
        ),
        Unreachable::NoneReady { port, .. } => (
            "MissingEndpoints",
            format!(
                "endpointslices for service/{name} in {namespace:?} have no addresses with port \
                 name {port:?}"
            ),
        ),
    }
}

/// The `APIService` as it has to be so that it says `verdict`; nothing when it does already.
#[must_use]
pub fn noted(object: &Object, verdict: &Verdict, now: Timestamp) -> Option<Object> {
    let status = if verdict.is_available {
        "True"
    } else {
        "False"
    };
    let mut conditions = conditions(object);
    let known = conditions.iter().position(|own| own["type"] == AVAILABLE);
    let before = known.map(|index| conditions.remove(index));
    let is_same = before.as_ref().is_some_and(|own| own["status"] == status);
    let since = before.as_ref().filter(|_| is_same);
    let since = since.and_then(|own| own.get("lastTransitionTime").cloned());
    let condition = json!({
        "type": AVAILABLE, "status": status,
        "lastTransitionTime": since.unwrap_or_else(|| rfc3339(now).into()),
        "reason": verdict.reason, "message": verdict.message,
    });
    if before.as_ref() == Some(&condition) {
        return None;
    }
    conditions.push(condition);
    let mut told = object.clone();
    told.set(&["status", "conditions"], Value::Array(conditions));
    Some(told)
}

/// What an `APIService` says.
pub(super) fn known(object: &Object) -> Known {
    let conditions = conditions(object);
    let available = conditions.iter().find(|own| own["type"] == AVAILABLE);
    let Some(available) = available else {
        return Known::Nothing;
    };
    if available["status"] == "True" {
        return Known::Available;
    }
    let text = |field: &str| available[field].as_str().unwrap_or("");
    Known::Unavailable(format!("{}: {}", text("reason"), text("message")))
}

fn conditions(object: &Object) -> Vec<Value> {
    let conditions = object.at(&["status", "conditions"]);
    let conditions = conditions.and_then(Value::as_array);
    conditions.cloned().unwrap_or_default()
}
