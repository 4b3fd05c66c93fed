//! What a webhook said.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use gantry_api::Rejection;

use super::failure::Failure;
use super::hooks::Hook;
use crate::call::Call;
use crate::limits::WEBHOOK_NOTES;
use crate::question::Answer;

const GROUP: &str = "admission.k8s.io";
const KIND: &str = "AdmissionReview";
const JSON_PATCH: &str = "JSONPatch";

/// What was asked, as far as the answer must fit it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) uid: &'a str,
    pub(super) version: &'a str,
    pub(super) may_change: bool,
}

/// What a webhook said.
#[derive(Debug)]
pub(super) struct Verdict {
    is_allowed: bool,
    status: Value,
    /// What is to be changed: a JSON patch, as it was sent.
    pub(super) patch: Option<Vec<u8>>,
    pub(super) warnings: Vec<String>,
    /// What it wants written down.
    notes: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Review {
    api_version: String,
    kind: String,
    response: Option<Response>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Response {
    uid: String,
    allowed: bool,
    status: Option<Value>,
    patch: Option<String>,
    patch_type: Option<String>,
    warnings: Option<Vec<String>>,
    audit_annotations: Option<BTreeMap<String, String>>,
}

/// Reads an answer, which has to fit what was asked.
pub(super) fn read(answer: &Answer, asked: &Asked<'_>) -> Result<Verdict, Failure> {
    let failed = |why: String| Failure::Call(format!("failed to call webhook: {why}"));
    let body = answer.as_ref().map_err(|why| failed(why.clone()))?;
    let review: Review = serde_json::from_slice(body)
        .map_err(|error| failed(format!("read the answer: {error}")))?;
    fitting(review, asked)
        .map_err(|why| Failure::Call(format!("received invalid webhook response: {why}")))
}

fn fitting(review: Review, asked: &Asked<'_>) -> Result<Verdict, String> {
    let Some(response) = review.response else {
        return Err("webhook response was absent".to_owned());
    };
    let is_lax = asked.version != "v1" && response.uid.is_empty();
    if response.uid != asked.uid && !is_lax {
        let (expected, got) = (asked.uid, response.uid);
        return Err(format!("expected response.uid={expected:?}, got {got:?}"));
    }
    let expected = format!("{GROUP}/{}", asked.version);
    if (&review.api_version, review.kind.as_str()) != (&expected, KIND) {
        return Err(format!(
            "expected webhook response of {expected}, Kind={KIND}, got {}, Kind={}",
            review.api_version, review.kind
        ));
    }
    let patch = patch(&response, asked.may_change)?;
    Ok(Verdict {
        is_allowed: response.allowed,
        status: response.status.unwrap_or_default(),
        patch,
        warnings: response.warnings.unwrap_or_default(),
        notes: response.audit_annotations.unwrap_or_default(),
    })
}

/// The patch, which comes together with its type, and from those alone who may change something.
fn patch(response: &Response, may_change: bool) -> Result<Option<Vec<u8>>, String> {
    let given = response.patch.as_deref().filter(|patch| !patch.is_empty());
    match (given, response.patch_type.as_deref()) {
        (None, None) => Ok(None),
        (Some(_), _) if !may_change => {
            Err("validating webhook may not return response.patch".to_owned())
        }
        (None, Some(_)) if !may_change => {
            Err("validating webhook may not return response.patchType".to_owned())
        }
        (Some(_), None) => {
            Err("webhook returned response.patch but not response.patchType".to_owned())
        }
        (None, Some(_)) => {
            Err("webhook returned response.patchType but not response.patch".to_owned())
        }
        (Some(patch), Some(JSON_PATCH)) => {
            let patch = STANDARD.decode(patch);
            patch
                .map(Some)
                .map_err(|error| format!("read response.patch: {error}"))
        }
        (Some(_), Some(other)) => Err(format!("unsupported patch type {other:?}")),
    }
}

impl Verdict {
    /// Notes what the webhook wants written down, under its own name.
    pub(super) fn note(&self, call: &mut Call<'_>, hook: &Hook) {
        for (name, text) in self.notes.iter().take(WEBHOOK_NOTES) {
            call.note(format!("{}/{name}", hook.name()), text);
        }
    }

    /// The verdict, if it is a yes.
    pub(super) fn allowing(self, hook: &Hook) -> Result<Self, Failure> {
        if self.is_allowed {
            return Ok(self);
        }
        Err(Failure::Refused(refusal(hook.name(), &self.status)))
    }

    /// The verdict, if it wants nothing changed.
    pub(super) fn unchanging(self, hook: &Hook) -> Result<Self, Failure> {
        if self.patch.is_none() {
            return Ok(self);
        }
        Err(Failure::Refused(Rejection::internal(format!(
            "admission webhook {:?} attempted to modify the object, which is not supported for \
             this operation",
            hook.name()
        ))))
    }
}

/// The refusal of somebody who said no, in their own words.
fn refusal(name: &str, status: &Value) -> Rejection {
    let text = |field: &str| status.get(field).and_then(Value::as_str).unwrap_or("");
    let code = status.get("code").and_then(Value::as_u64);
    let code = code.and_then(|code| u16::try_from(code).ok());
    let denied = format!("admission webhook {name:?} denied the request");
    let message = match (text("message"), text("reason")) {
        ("", "") => format!("{denied} without explanation"),
        ("", words) | (words, _) => format!("{denied}: {words}"),
    };
    Rejection::Denied {
        // Nobody is told of a refusal by a code that means something else.
        code: code.filter(|code| (400..600).contains(code)).unwrap_or(400),
        reason: text("reason").to_owned(),
        message,
        details: status.get("details").cloned().unwrap_or_default(),
    }
}
