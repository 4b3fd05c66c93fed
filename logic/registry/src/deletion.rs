//! How objects go: at once, after a grace period, or once nothing holds them any more.
//!
//! A delete either removes the object or marks it. Whoever holds a marked object, by a finalizer
//! or by a grace period, lets go of it later; the write that lets go removes it.

mod grace;

use std::time::Duration;

use serde_json::{Value, json};

use gantry_api::{Object, ObjectKey, Rejection};
use gantry_base::Timestamp;
use gantry_base::time::{self, rfc3339};
use gantry_kinds::{Dependents, Descriptor, Generation, Subresource};
use gantry_store::Stored;

use crate::admission;
use crate::call::Call;
use crate::metadata;
use crate::render;
use crate::request::DeleteOptions;
use crate::step::{Payload, Reply, Step};

/// The finalizer of an object whose dependents are to be set free first.
const ORPHAN: &str = "orphan";
/// The finalizer of an object whose dependents are to go first.
const FOREGROUND: &str = "foregroundDeletion";

/// Deletes what is stored, as far as it can go now.
pub(crate) fn delete(
    call: &mut Call<'_>,
    key: &ObjectKey,
    stored: &Stored,
    options: &DeleteOptions,
) -> Result<Step, Rejection> {
    let old = call.read(stored)?;
    check_preconditions(call, &old, options)?;
    admission::deleting(call, &old)?;
    let mut object = old.clone();
    propagate(call, &mut object, options);
    if !old.is_terminating() {
        call.kind.hooks.deleting(&mut object, call.now);
    }

    let grace = grace::seconds(call.kind, &old, options);
    let goes_at_once = grace.is_none_or(|seconds| seconds == 0);
    if goes_at_once && !is_held(call.kind, &object) {
        return remove(call, key, stored, &old);
    }
    mark(call, &mut object, &old, grace.unwrap_or(0));
    begin_emptying(call.kind, &mut object);
    call.commit_change(key, stored, &object)
}

/// Removes what is stored, and answers as delete does.
pub(crate) fn remove(
    call: &mut Call<'_>,
    key: &ObjectKey,
    stored: &Stored,
    object: &Object,
) -> Result<Step, Rejection> {
    admission::removed(call, object)?;
    let is_delete = call.request.verb.as_str().starts_with("delete");
    let reply = if is_delete {
        Reply::ok(Payload::Made(success(call, object)))
    } else {
        Reply::ok(render::unwritten(call.kind, call.request, object, call.now))
    };
    Ok(call.commit_removal(key, stored.modified, reply))
}

/// Whether a marked object has nothing left that holds it.
pub(crate) fn is_released(kind: &Descriptor, object: &Object) -> bool {
    let seconds = object.at(&["metadata", "deletionGracePeriodSeconds"]);
    object.is_terminating()
        && !is_held(kind, object)
        && seconds.and_then(Value::as_i64).unwrap_or(0) == 0
}

/// Whether somebody has still to do something before the object may go.
fn is_held(kind: &Descriptor, object: &Object) -> bool {
    !object.finalizers().is_empty() || (has_own_finalizers(kind) && holds_own(object))
}

/// Some kinds have a second list of finalizers, taken away through a subresource.
fn has_own_finalizers(kind: &Descriptor) -> bool {
    kind.subresources.contains(&Subresource::Finalize)
}

fn holds_own(object: &Object) -> bool {
    let list = object.at(&["spec", "finalizers"]).and_then(Value::as_array);
    list.is_some_and(|list| !list.is_empty())
}

/// What has finalizers of its own shows in its phase that it is being emptied.
fn begin_emptying(kind: &Descriptor, object: &mut Object) {
    if has_own_finalizers(kind) {
        object.set(&["status", "phase"], Value::from("Terminating"));
    }
}

/// Marks the object as going; a second delete may only bring the end nearer.
fn mark(call: &Call<'_>, object: &mut Object, old: &Object, seconds: i64) {
    let known = old
        .at(&["metadata", "deletionGracePeriodSeconds"])
        .and_then(Value::as_i64);
    let began = match known {
        Some(known) if old.is_terminating() => {
            if known <= seconds {
                return;
            }
            began(old, known).unwrap_or(call.now)
        }
        _ => call.now,
    };
    let end = time::after(began, duration(seconds));
    object.set(
        &["metadata", "deletionTimestamp"],
        Value::from(rfc3339(end)),
    );
    object.set(
        &["metadata", "deletionGracePeriodSeconds"],
        Value::from(seconds),
    );
    let begins = !old.is_terminating();
    if begins && call.kind.rules.generation != Generation::Untracked && object.generation() > 0 {
        object.set(
            &["metadata", "generation"],
            Value::from(old.generation() + 1),
        );
    }
}

/// When the deletion that ends after `seconds` began.
fn began(old: &Object, seconds: i64) -> Option<Timestamp> {
    let end: Timestamp = old.text(&["metadata", "deletionTimestamp"]).parse().ok()?;
    end.checked_sub(duration(seconds)).ok()
}

/// A number of seconds that may not be negative.
fn duration(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// Notes by finalizers what is to happen to dependents before the object goes.
fn propagate(call: &mut Call<'_>, object: &mut Object, options: &DeleteOptions) {
    let wanted = match (
        options.propagation_policy.as_deref(),
        options.orphan_dependents,
    ) {
        (Some("Orphan"), _) | (None, Some(true)) => Some(ORPHAN),
        (Some("Foreground"), _) => Some(FOREGROUND),
        (Some(_), _) | (None, Some(false)) => None,
        (None, None) => match unsaid(call, object) {
            Some(wanted) => Some(wanted),
            None => return,
        },
    };
    let mut finalizers: Vec<String> = object
        .finalizers()
        .into_iter()
        .filter(|name| *name != ORPHAN && *name != FOREGROUND)
        .map(str::to_owned)
        .collect();
    finalizers.extend(wanted.map(str::to_owned));
    if finalizers.is_empty() {
        object.remove(&["metadata", "finalizers"]);
    } else {
        object.set(&["metadata", "finalizers"], Value::from(finalizers));
    }
}

/// What is to happen to dependents when nobody says: what the object itself says, else what is usual
/// for its kind.
fn unsaid(call: &mut Call<'_>, object: &Object) -> Option<&'static str> {
    let said = |name: &&str| *name == ORPHAN || *name == FOREGROUND;
    let Dependents::Stay { remark } = call.kind.rules.dependents else {
        return None;
    };
    if !remark.is_empty() && !call.warnings.iter().any(|told| told == remark) {
        call.warnings.push(remark.to_owned());
    }
    let is_said = object.finalizers().iter().any(said);
    (!is_said).then_some(ORPHAN)
}

fn check_preconditions(
    call: &Call<'_>,
    old: &Object,
    options: &DeleteOptions,
) -> Result<(), Rejection> {
    let name = old.name();
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != old.uid()) {
        return Err(metadata::precondition(call, name, "UID", uid, old.uid()));
    }
    let found = old.resource_version();
    let wanted = options.resource_version.as_deref();
    if let Some(revision) = wanted.filter(|revision| *revision != found) {
        return Err(metadata::precondition(
            call,
            name,
            "ResourceVersion",
            revision,
            found,
        ));
    }
    Ok(())
}

/// The `Status` that says an object is gone.
fn success(call: &Call<'_>, object: &Object) -> Value {
    let resource = call.resource();
    let mut details = json!({
        "name": object.name(),
        "kind": resource.resource,
        "uid": object.uid(),
    });
    if !resource.group.is_empty() {
        details["group"] = Value::from(resource.group);
    }
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    })
}
