//! Which revision a read is about.

use gantry_api::field_error::FieldErrors;
use gantry_api::status::Cause;
use gantry_api::{GroupKind, Rejection, Revision};
use gantry_store::{PastError, Snapshot};

use crate::call::Call;

/// How the client wants its revision understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    Unset,
    Exact,
    NotOlderThan,
}

/// The revision in a request's options; none when it is absent or zero, which mean "any".
pub(crate) fn asked(call: &Call<'_>) -> Result<Option<Revision>, Rejection> {
    match call
        .request
        .options
        .resource_version
        .as_deref()
        .unwrap_or("")
    {
        "" | "0" => Ok(None),
        text => text
            .parse()
            .map(|number| Some(Revision(number)))
            .map_err(|_| {
                Rejection::bad_request(format!(
                    "Invalid value: {text:?}: resourceVersion is a number that this server gave"
                ))
            }),
    }
}

/// How that revision is to be understood.
pub(crate) fn matching(call: &Call<'_>) -> Result<Match, Rejection> {
    let options = &call.request.options;
    let revision = options.resource_version.as_deref().unwrap_or("");
    let text = options.resource_version_match.as_deref().unwrap_or("");
    let mut errors = FieldErrors::new();
    let path = "resourceVersionMatch".into();
    match text {
        "" => return Ok(Match::Unset),
        _ if options.continue_token.is_some() => {
            errors.forbidden(
                &path,
                "resourceVersionMatch is forbidden for continue requests",
            );
        }
        _ if revision.is_empty() => errors.forbidden(
            &path,
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        "Exact" if revision == "0" => errors.forbidden(
            &path,
            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        ),
        "Exact" => return Ok(Match::Exact),
        "NotOlderThan" => return Ok(Match::NotOlderThan),
        other => errors.not_supported(&path, other, &["Exact", "NotOlderThan"]),
    }
    Err(Rejection::Invalid {
        kind: GroupKind::new("meta.k8s.io", "ListOptions"),
        name: String::new(),
        errors: errors.into_vec(),
    })
}

/// Refuses a revision that does not exist yet. Everything else is current: the newest picture is
/// never older than any revision that was given out.
pub(crate) fn not_older_than(call: &Call<'_>) -> Result<(), Rejection> {
    match asked(call)? {
        Some(revision) if call.snapshot.revision() < revision => {
            Err(too_large(revision, call.snapshot.revision()))
        }
        _ => Ok(()),
    }
}

/// The picture at exactly `revision`.
pub(crate) fn exactly(call: &Call<'_>, revision: Revision) -> Result<Snapshot, Rejection> {
    call.snapshot.at(revision).map_err(|error| match error {
        PastError::Compacted { .. } => expired(revision, call.snapshot.oldest()),
        PastError::Future { newest, .. } => too_large(revision, newest),
    })
}

/// The refusal of a revision that is forgotten.
pub(crate) fn expired(revision: Revision, oldest: Revision) -> Rejection {
    Rejection::Expired {
        message: format!("too old resource version: {revision} ({oldest})"),
        continue_token: None,
    }
}

/// The refusal of a revision that does not exist yet.
pub(crate) fn too_large(revision: Revision, newest: Revision) -> Rejection {
    Rejection::Timeout {
        message: format!("Too large resource version: {revision}, current: {newest}"),
        causes: vec![Cause {
            reason: "ResourceVersionTooLarge".to_owned(),
            message: "Too large resource version".to_owned(),
            field: String::new(),
        }],
    }
}
