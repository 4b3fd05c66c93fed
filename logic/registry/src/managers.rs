//! Who owns which fields of an object after a write.

use serde_json::Value;

use gantry_api::field_error::FieldErrors;
use gantry_api::status::Cause;
use gantry_api::{Object, Rejection};
use gantry_base::time::rfc3339;
use gantry_kinds::{StatusRule, Subresource};
use gantry_schema::FieldSet;
use gantry_schema::merge::{self, ApplyError, Force};

use crate::call::Call;
use crate::decode::Expected;
use crate::limits::FIELD_MANAGER_BYTES;
use crate::options;
use crate::request::{PatchType, Verb};
use crate::verbs::update::Part;

/// How a write came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// The client sent the whole object, or a patch of it.
    Update,
    /// The fields were merged by ownership, which is recorded already.
    Applied,
}

/// Records who owns what in an object that replaces `old`. Writers own the defaults they caused,
/// and nothing of what the server decides afterwards: that is nobody's.
pub(crate) fn record(
    call: &Call<'_>,
    object: &mut Object,
    old: Option<&Object>,
    writer: Writer,
) -> Result<(), Rejection> {
    let manager = manager(call)?;
    if writer == Writer::Applied {
        return Ok(());
    }
    let mut new = Value::Object(std::mem::take(&mut object.0));
    let part = part_of(call);
    with_writer(call, &manager, part, |writer| {
        let ty = Expected::of(call.kind).schema();
        merge::update(old.map(|old| &old.0), &mut new, ty, writer);
    });
    if let Value::Object(fields) = new {
        object.0 = fields;
    }
    Ok(())
}

/// Merges what the caller applies into what is live.
pub(crate) fn merged(
    call: &Call<'_>,
    live: Option<&Object>,
    config: Object,
    part: Part,
) -> Result<Object, Rejection> {
    let manager = manager(call)?;
    let force = if call.request.options.force {
        Force::Yes
    } else {
        Force::No
    };
    let live = live.map(|live| Value::Object(live.0.clone()));
    let config = config.into_value();
    let ty = Expected::of(call.kind).schema();
    let merged = with_writer(call, &manager, part, |writer| {
        merge::apply(live.as_ref(), &config, ty, writer, force)
    });
    let merged = merged.map_err(refusal)?;
    Object::from_value(merged).ok_or_else(|| Rejection::bad_request("apply an object, not a list"))
}

fn refusal(error: ApplyError) -> Rejection {
    match error {
        ApplyError::Conflicts(conflicts) => {
            let cause = |conflict: merge::Conflict| Cause {
                reason: "FieldManagerConflict".to_owned(),
                message: conflict.message(),
                field: conflict.field,
            };
            Rejection::ApplyConflict {
                causes: conflicts.0.into_iter().map(cause).collect(),
            }
        }
        ApplyError::ManagedFieldsGiven | ApplyError::Key(_) => {
            Rejection::bad_request(gantry_base::chain(&error))
        }
    }
}

fn part_of(call: &Call<'_>) -> Part {
    match call.request.subresource() {
        "status" => Part::Status,
        "approval" => Part::Other(Subresource::Approval),
        _ => Part::Main,
    }
}

fn with_writer<T>(
    call: &Call<'_>,
    manager: &str,
    part: Part,
    work: impl FnOnce(&merge::Writer<'_>) -> T,
) -> T {
    let resets = match part {
        Part::Status => FieldSet::of_paths(&[&["spec"]]),
        Part::Other(Subresource::Approval) => {
            FieldSet::of_paths(&[&["spec"], &["status", "certificate"]])
        }
        Part::Main | Part::Other(_) if call.kind.rules.status == StatusRule::Absent => {
            FieldSet::new()
        }
        Part::Main | Part::Other(_) => FieldSet::of_paths(&[&["status"]]),
    };
    work(&merge::Writer {
        manager,
        api_version: &call.kind.names.group_version().to_string(),
        subresource: call.request.subresource(),
        time: &rfc3339(call.now),
        resets: &resets,
    })
}

/// The name under which this writer owns fields: the one given, else what the client calls itself,
/// as far as it can be shown.
fn manager(call: &Call<'_>) -> Result<String, Rejection> {
    let named = call.request.options.field_manager.as_deref().unwrap_or("");
    if !named.is_empty() {
        return Ok(named.to_owned());
    }
    if call.request.verb == Verb::Patch(PatchType::Apply) {
        let mut errors = FieldErrors::new();
        errors.required(&"fieldManager".into(), "is required for apply patch");
        return Err(options::refusal(call.request.verb, errors));
    }
    let agent = call.request.user_agent.split('/').next().unwrap_or("");
    let mut name: String = agent
        .chars()
        .filter(|letter| !letter.is_control())
        .collect();
    while name.len() > FIELD_MANAGER_BYTES {
        name.pop();
    }
    Ok(if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    })
}
