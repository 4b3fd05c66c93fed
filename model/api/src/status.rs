//! Refusals, and the API's error object, which is built here and only here.
//!
//! A [`Rejection`] carries facts in typed fields; the sentences that clients match on are made
//! from them in one place.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::field_error::FieldError;
use crate::key::{GroupKind, GroupResource};

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// The request itself is malformed.
    #[error("{message}")]
    BadRequest {
        /// What is wrong, where, and what to do.
        message: String,
    },
    /// The caller did not show who they are.
    #[error("Unauthorized")]
    Unauthorized,
    /// The caller may not do this, or nobody may.
    #[error("{}", forbidden(resource, name, why))]
    Forbidden {
        /// What was asked for.
        resource: GroupResource,
        /// Which one; may be empty.
        name: String,
        /// The rule that forbids it.
        why: String,
        /// Machine-readable details, as (reason, message, field).
        causes: Vec<Cause>,
    },
    /// There is no such object.
    #[error("{resource} {name:?} not found")]
    NotFound {
        /// The resource asked for.
        resource: GroupResource,
        /// The name asked for.
        name: String,
    },
    /// There is nothing at this path.
    #[error("the server could not find the requested resource")]
    NoSuchPath,
    /// The resource does not know this verb.
    #[error("the server does not allow this method on the requested resource")]
    MethodNotAllowed,
    /// The kind is about to go: nobody makes objects of it any more.
    #[error("{verb} not allowed while custom resource definition is terminating")]
    Closing {
        /// What was asked.
        verb: &'static str,
    },
    /// None of the encodings that the client accepts can be produced.
    #[error("only the following media types are accepted: {accepted}")]
    NotAcceptable {
        /// What could have been asked for.
        accepted: String,
    },
    /// The name is taken.
    #[error("{resource} {name:?} already exists")]
    AlreadyExists {
        /// The resource.
        resource: GroupResource,
        /// The name.
        name: String,
    },
    /// The object is not as the caller believed.
    #[error("Operation cannot be fulfilled on {resource} {name:?}: {why}")]
    Conflict {
        /// The resource.
        resource: GroupResource,
        /// The name.
        name: String,
        /// In what it differs.
        why: String,
    },
    /// Another manager owns fields that were applied.
    #[error("{}", apply_conflict(causes))]
    ApplyConflict {
        /// One cause per field.
        causes: Vec<Cause>,
    },
    /// The revision asked for is no longer known.
    #[error("{message}")]
    Expired {
        /// What expired.
        message: String,
        /// A token to go on with, for lists.
        continue_token: Option<String>,
    },
    /// The body is larger than allowed.
    #[error("Request entity too large: limit is {limit}")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body's encoding is not known.
    #[error(
        "the body of the request was in an unknown format - accepted media types include: {accepted}"
    )]
    UnsupportedMediaType {
        /// What could have been sent.
        accepted: String,
    },
    /// Fields are wrong.
    #[error("{}", invalid(kind, name, errors))]
    Invalid {
        /// The kind of the object.
        kind: GroupKind,
        /// Its name.
        name: String,
        /// Everything that is wrong.
        errors: Vec<FieldError>,
    },
    /// The caller must wait.
    #[error("{message}")]
    TooManyRequests {
        /// What is exhausted.
        message: String,
        /// When to come back, in seconds.
        retry_after_seconds: u32,
        /// Machine-readable details.
        causes: Vec<Cause>,
    },
    /// The server failed.
    #[error("Internal error occurred: {message}")]
    Internal {
        /// What failed.
        message: String,
    },
    /// Somebody who was asked does not want it, and said so in their own words.
    #[error("{message}")]
    Denied {
        /// The HTTP status code.
        code: u16,
        /// The word that clients match on; may be empty.
        reason: String,
        /// Who said no, and why.
        message: String,
        /// Machine-readable details, as the `Status` has them; null when there are none.
        details: Value,
    },
    /// Somebody else, whom the answer depends on, is not there.
    #[error("{message}")]
    Unavailable {
        /// Who is not there, and why.
        message: String,
    },
    /// It took too long.
    #[error("Timeout: {message}")]
    Timeout {
        /// What took too long.
        message: String,
        /// Machine-readable details.
        causes: Vec<Cause>,
    },
}

/// One machine-readable detail of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The word that clients match on.
    pub reason: String,
    /// The sentence for people.
    pub message: String,
    /// The field it is about; may be empty.
    pub field: String,
}

impl Rejection {
    /// The request is malformed in the way that `message` says.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::BadRequest {
            message: message.into(),
        }
    }

    /// The server failed in the way that `message` says.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal {
            message: message.into(),
        }
    }

    /// Forbidden, without further details.
    #[must_use]
    pub fn forbidden(resource: GroupResource, name: &str, why: impl Into<String>) -> Self {
        Self::Forbidden {
            resource,
            name: name.to_owned(),
            why: why.into(),
            causes: Vec::new(),
        }
    }

    /// There is no such object.
    #[must_use]
    pub fn not_found(resource: GroupResource, name: &str) -> Self {
        Self::NotFound {
            resource,
            name: name.to_owned(),
        }
    }

    /// The HTTP status code.
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.code_and_reason().0
    }

    /// The word that clients match on.
    #[must_use]
    pub const fn reason(&self) -> &str {
        self.code_and_reason().1
    }

    const fn code_and_reason(&self) -> (u16, &str) {
        match self {
            Self::BadRequest { .. } => (400, "BadRequest"),
            Self::Unauthorized => (401, "Unauthorized"),
            Self::Forbidden { .. } => (403, "Forbidden"),
            Self::NotFound { .. } | Self::NoSuchPath => (404, "NotFound"),
            Self::MethodNotAllowed | Self::Closing { .. } => (405, "MethodNotAllowed"),
            Self::NotAcceptable { .. } => (406, "NotAcceptable"),
            Self::AlreadyExists { .. } => (409, "AlreadyExists"),
            Self::Conflict { .. } | Self::ApplyConflict { .. } => (409, "Conflict"),
            Self::Expired { .. } => (410, "Expired"),
            Self::TooLarge { .. } => (413, "RequestEntityTooLarge"),
            Self::UnsupportedMediaType { .. } => (415, "UnsupportedMediaType"),
            Self::Invalid { .. } => (422, "Invalid"),
            Self::TooManyRequests { .. } => (429, "TooManyRequests"),
            Self::Internal { .. } => (500, "InternalError"),
            Self::Unavailable { .. } => (503, "ServiceUnavailable"),
            Self::Timeout { .. } => (504, "Timeout"),
            Self::Denied { code, reason, .. } => (*code, reason.as_str()),
        }
    }

    /// After how many seconds it is worth while to try again, if waiting helps.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u32> {
        if let Self::TooManyRequests {
            retry_after_seconds,
            ..
        } = self
        {
            return Some(*retry_after_seconds);
        }
        matches!(self, Self::Timeout { .. }).then_some(1)
    }

    /// The `Status` object that tells a client.
    #[must_use]
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.to_string(),
            "reason": self.reason(),
            "code": self.code(),
        });
        if let Self::Expired {
            continue_token: Some(token),
            ..
        } = self
        {
            status["metadata"]["continue"] = Value::from(token.as_str());
        }
        let mut details = self.details();
        if let Some(seconds) = self.retry_after_seconds() {
            details["retryAfterSeconds"] = Value::from(seconds);
        }
        if details
            .as_object()
            .is_some_and(|details| !details.is_empty())
        {
            status["details"] = details;
        }
        status
    }

    fn details(&self) -> Value {
        match self {
            Self::NotFound { resource, name }
            | Self::AlreadyExists { resource, name }
            | Self::Conflict { resource, name, .. } => {
                details(&resource.group, &resource.resource, name, &[])
            }
            Self::Forbidden {
                resource,
                name,
                causes,
                ..
            } => details(&resource.group, &resource.resource, name, causes),
            Self::Invalid { kind, name, errors } => {
                let causes: Vec<Cause> = errors.iter().map(cause).collect();
                details(&kind.group, &kind.kind, name, &causes)
            }
            Self::TooManyRequests { causes, .. }
            | Self::ApplyConflict { causes }
            | Self::Timeout { causes, .. } => details("", "", "", causes),
            Self::Denied { details, .. } if details.is_object() => details.clone(),
            Self::BadRequest { .. }
            | Self::Unauthorized
            | Self::NoSuchPath
            | Self::MethodNotAllowed
            | Self::Closing { .. }
            | Self::NotAcceptable { .. }
            | Self::Expired { .. }
            | Self::TooLarge { .. }
            | Self::UnsupportedMediaType { .. }
            | Self::Internal { .. }
            | Self::Denied { .. }
            | Self::Unavailable { .. } => json!({}),
        }
    }
}

fn cause(error: &FieldError) -> Cause {
    Cause {
        reason: error.fault.reason().to_owned(),
        message: error.body(),
        field: error.path.as_str().to_owned(),
    }
}

fn details(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Value {
    let mut details = json!({});
    for (key, text) in [("group", group), ("kind", kind), ("name", name)] {
        if !text.is_empty() {
            details[key] = Value::from(text);
        }
    }
    let shown = |cause: &Cause| {
        let mut shown = json!({"reason": cause.reason, "message": cause.message});
        if !cause.field.is_empty() {
            shown["field"] = Value::from(cause.field.as_str());
        }
        shown
    };
    if !causes.is_empty() {
        details["causes"] = causes.iter().map(shown).collect();
    }
    details
}

fn forbidden(resource: &GroupResource, name: &str, why: &str) -> String {
    match (resource.resource.as_str(), name) {
        ("", _) => format!("forbidden: {why}"),
        (_, "") => format!("{resource} is forbidden: {why}"),
        _ => format!("{resource} {name:?} is forbidden: {why}"),
    }
}

fn invalid(kind: &GroupKind, name: &str, errors: &[FieldError]) -> String {
    let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
    match shown.as_slice() {
        [] => format!("{kind} {name:?} is invalid"),
        [only] => format!("{kind} {name:?} is invalid: {only}"),
        several => format!("{kind} {name:?} is invalid: [{}]", several.join(", ")),
    }
}

fn apply_conflict(causes: &[Cause]) -> String {
    if let [only] = causes {
        return format!(
            "Apply failed with 1 conflict: {}: {}",
            only.message, only.field
        );
    }
    let mut by_manager: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for cause in causes {
        by_manager
            .entry(&cause.message)
            .or_default()
            .push(&cause.field);
    }
    let mut text = format!("Apply failed with {} conflicts: ", causes.len());
    for (message, fields) in by_manager {
        text.push_str(&message.replacen("conflict with", "conflicts with", 1));
        text.push_str(":\n");
        for field in fields {
            text.push_str(&format!("- {field}\n"));
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_object_is_named_by_its_plural() {
        let status =
            Rejection::not_found(GroupResource::new("apps", "deployments"), "web").status();
        assert_eq!(status["message"], "deployments.apps \"web\" not found");
        assert_eq!(status["details"]["kind"], "deployments");
        assert_eq!(status["code"], 404);
    }

    #[test]
    fn an_unknown_path_has_no_details() {
        assert_eq!(Rejection::NoSuchPath.status().get("details"), None);
    }
}
