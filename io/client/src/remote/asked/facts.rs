//! What a server's refusal says, as facts that callers decide on.
//!
//! Which object a refusal is about is known from the request. What the server found wrong with an
//! object's fields stays a sentence: nobody in a program acts on it.

use gantry_api::{GroupResource, Rejection};
use gantry_registry::Request;

use super::super::{Refusal, RemoteError};

/// Why the request was refused, or could not even be made.
pub(super) fn rejection(request: &Request, error: &RemoteError) -> Rejection {
    match error.refusal() {
        Some(refusal) => refused(request, refusal),
        None => Rejection::Unavailable {
            message: format!("could not {}", gantry_base::chain(error)),
        },
    }
}

fn refused(request: &Request, refusal: &Refusal) -> Rejection {
    let resource = request.resource.group_resource();
    let name = request.name().to_owned();
    let message = refusal.message().to_owned();
    let causes = Vec::new();
    match (refusal.code, refusal.reason()) {
        (401, _) => Rejection::Unauthorized,
        (403, _) => Rejection::forbidden(resource, &name, why(&message)),
        (404, _) => not_found(refusal, resource, name),
        (409, "AlreadyExists") => Rejection::AlreadyExists { resource, name },
        (409, _) => Rejection::Conflict {
            why: after(&message, ": "),
            resource,
            name,
        },
        (410, _) => Rejection::Expired {
            message,
            continue_token: None,
        },
        (400 | 413 | 415 | 422, _) => Rejection::BadRequest { message },
        (405, _) => Rejection::MethodNotAllowed,
        (429, _) => Rejection::TooManyRequests {
            message,
            retry_after_seconds: retry_after(refusal),
            causes,
        },
        (503, _) => Rejection::Unavailable { message },
        (504, _) => Rejection::Timeout {
            message: message.trim_start_matches("Timeout: ").to_owned(),
            causes,
        },
        (_, _) => Rejection::Internal { message },
    }
}

/// A path that leads nowhere is told from an object that is not there by its lack of details.
fn not_found(refusal: &Refusal, resource: GroupResource, name: String) -> Rejection {
    if refusal.status["details"]["kind"].is_null() {
        return Rejection::NoSuchPath;
    }
    Rejection::NotFound { resource, name }
}

/// The rule that forbids it, without what the rejection says of itself.
fn why(message: &str) -> String {
    after(message, "forbidden: ")
}

fn after(message: &str, mark: &str) -> String {
    let rest = message.split_once(mark).map(|(_, rest)| rest);
    rest.unwrap_or(message).to_owned()
}

fn retry_after(refusal: &Refusal) -> u32 {
    let seconds = refusal.status["details"]["retryAfterSeconds"].as_u64();
    let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
    seconds.unwrap_or(1)
}
