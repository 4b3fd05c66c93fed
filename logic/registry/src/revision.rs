//! Which revision a read is about.

use gantry_api::status::Cause;
use gantry_api::{Rejection, Revision};
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
                    "invalid resource version: {text:?}: it is a number that this server gave"
                ))
            }),
    }
}

/// How that revision is to be understood.
pub(crate) fn matching(call: &Call<'_>) -> Match {
    match call.request.options.resource_version_match.as_deref() {
        Some("Exact") => Match::Exact,
        Some("NotOlderThan") => Match::NotOlderThan,
        Some(_) | None => Match::Unset,
    }
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
        PastError::Compacted { .. } => Rejection::Expired {
            message: "The resourceVersion for the provided list is too old.".to_owned(),
            continue_token: None,
        },
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
