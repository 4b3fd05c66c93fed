//! What may change of a request, and through which door.

use gantry_api::field_error::FieldErrors;
use gantry_api::{Caller, Object};
use gantry_base::time::rfc3339;
use gantry_base::{FieldPath, Timestamp};
use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestCondition,
};
use serde_json::{Value, json};

use super::rules;
use crate::parts::changes;

const CONDITIONS: &[&str] = &["status", "conditions"];
/// What those decide who approve.
const DECISIONS: [&str; 2] = ["Approved", "Denied"];

/// Through which resource a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// The request itself.
    Main,
    /// `/approval`, for those who decide.
    Approval,
    /// `/status`, for those who issue.
    Status,
}

/// The conditions of a request.
pub(super) fn conditions(
    request: &CertificateSigningRequest,
) -> &[CertificateSigningRequestCondition] {
    let status = request.status.as_ref();
    status
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or(&[])
}

/// The certificate, once it is issued.
pub(super) fn certificate(request: &CertificateSigningRequest) -> Option<&[u8]> {
    let bytes = &request.status.as_ref()?.certificate.as_ref()?.0;
    (!bytes.is_empty()).then_some(bytes)
}

/// Writes down who asks, whatever the request says.
pub(super) fn note_requester(request: &mut Object, caller: &Caller) {
    let given = [
        ("username", json!(caller.user)),
        ("uid", json!(caller.uid)),
        ("groups", json!(caller.groups)),
        ("extra", json!(caller.extra)),
    ];
    for (field, value) in given {
        let is_empty = match &value {
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
        };
        if is_empty {
            request.remove(&["spec", field]);
        } else {
            request.set(&["spec", field], value);
        }
    }
}

/// Keeps decisions as they are when as many of them come with a status as there were.
pub(super) fn keep_decisions(request: &mut Object, old: &Object) {
    let known = list(old);
    let mut conditions = list(request);
    for kind in DECISIONS {
        let of_kind = |condition: &Value| condition.get("type") == Some(&Value::from(kind));
        let before: Vec<&Value> = known
            .iter()
            .filter(|condition| of_kind(condition))
            .collect();
        let now = conditions.iter_mut().filter(|condition| of_kind(condition));
        let mut now: Vec<&mut Value> = now.collect();
        if before.len() == now.len() {
            for (now, before) in now.iter_mut().zip(before) {
                (*now).clone_from(before);
            }
        }
    }
    put(request, conditions);
}

/// Keeps the certificate: deciding is not issuing.
pub(super) fn keep_certificate(
    request: &mut CertificateSigningRequest,
    old: &CertificateSigningRequest,
) {
    let issued = old.status.as_ref().map(|status| &status.certificate);
    let status = request.status.get_or_insert_default();
    status.certificate = issued.cloned().flatten();
}

/// Dates the conditions that come without a time; what has been so stays since when it was.
pub(super) fn note_times(request: &mut Object, old: &Object, now: Timestamp) {
    let known = list(old);
    let mut conditions = list(request);
    let now = Value::from(rfc3339(now));
    let is_missing = |time: Option<&Value>| time.is_none_or(Value::is_null);
    for condition in &mut conditions {
        if is_missing(condition.get("lastUpdateTime")) {
            condition["lastUpdateTime"] = now.clone();
        }
        if is_missing(condition.get("lastTransitionTime")) {
            let same = |before: &&Value| {
                ["type", "status"]
                    .iter()
                    .all(|field| before.get(field) == condition.get(field))
            };
            let before = known.iter().find(same);
            let since = before.and_then(|before| before.get("lastTransitionTime"));
            condition["lastTransitionTime"] = since.unwrap_or(&now).clone();
        }
    }
    put(request, conditions);
}

fn list(request: &Object) -> Vec<Value> {
    let list = request.at(CONDITIONS).and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}

fn put(request: &mut Object, conditions: Vec<Value>) {
    if !conditions.is_empty() {
        request.set(CONDITIONS, Value::from(conditions));
    }
}

/// Checks a request that is written through `door`.
pub(super) fn validate(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    door: Door,
    errors: &mut FieldErrors,
) {
    rules::validate(new, errors);
    let path = FieldPath::new("status").field("conditions");
    for kind in ["Approved", "Denied", "Failed"] {
        if of_kind(new, kind).len() < of_kind(old, kind).len() {
            let detail = format!("updates may not remove a condition of type {kind:?}");
            errors.forbidden(&path, detail);
        }
    }
    if door != Door::Approval {
        for kind in DECISIONS {
            validate_decisions(kind, new, old, &path, errors);
        }
    }
    let (issued, before) = (certificate(new), certificate(old));
    let path = FieldPath::new("status").field("certificate");
    if issued != before && door != Door::Status {
        errors.forbidden(&path, "updates may not set certificate content");
    } else if issued != before && before.is_some() {
        let detail = "updates may not modify existing certificate content";
        errors.forbidden(&path, detail);
    }
}

fn validate_decisions(
    kind: &str,
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let (now, before) = (of_kind(new, kind), of_kind(old, kind));
    if now.len() > before.len() {
        let detail = format!("updates may not add a condition of type {kind:?}");
        errors.forbidden(path, detail);
    } else if now.len() == before.len() && now != before {
        let changed = changes::list(&now, &before, path);
        let detail = format!("updates may not modify a condition of type {kind:?}\n{changed}");
        errors.forbidden(path, detail);
    }
}

fn of_kind<'a>(
    request: &'a CertificateSigningRequest,
    kind: &str,
) -> Vec<&'a CertificateSigningRequestCondition> {
    let conditions = conditions(request).iter();
    conditions.filter(|found| found.type_ == kind).collect()
}
