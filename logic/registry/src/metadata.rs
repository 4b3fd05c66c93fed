//! What the server decides about an object's metadata: address, identity, times, generation.
//!
//! Whatever a client writes into the fields that belong to the server is taken back here.

use serde_json::Value;

use gantry_api::{Object, Rejection};
use gantry_base::entropy;
use gantry_base::time::rfc3339;
use gantry_kinds::Scope;

use crate::call::Call;
use crate::limits::GENERATED_NAME_ATTEMPTS;

/// The part of a generated name that the client chooses may be this long.
const PREFIX_MAX: usize = 58;
/// The letters after it.
const SUFFIX: usize = 5;

/// Makes the object's name and namespace agree with the path.
pub(crate) fn address(call: &Call<'_>, object: &mut Object) -> Result<(), Rejection> {
    let namespace = call.request.namespace();
    match (call.kind.scope, object.namespace()) {
        (Scope::Cluster, _) => drop(object.remove(&["metadata", "namespace"])),
        (Scope::Namespaced, "") => {
            object.set(&["metadata", "namespace"], Value::from(namespace));
        }
        (Scope::Namespaced, own) if own != namespace => {
            return Err(Rejection::bad_request(format!(
                "the namespace of the provided object does not match the namespace sent on the \
                 request: {own:?} is not {namespace:?}"
            )));
        }
        (Scope::Namespaced, _) => {}
    }
    let name = call.request.name();
    match object.name() {
        own if name.is_empty() || own == name => {}
        "" => object.set(&["metadata", "name"], Value::from(name)),
        own => {
            return Err(Rejection::bad_request(format!(
                "the name of the object ({own}) does not match the name on the URL ({name})"
            )));
        }
    }
    Ok(())
}

/// Gives a new object its name, if it is to be made, and its identity.
pub(crate) fn begin(call: &mut Call<'_>, object: &mut Object) -> Result<(), Rejection> {
    if !object.resource_version().is_empty() {
        return Err(Rejection::internal(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    for owned in [
        "resourceVersion",
        "selfLink",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
    ] {
        object.remove(&["metadata", owned]);
    }
    name(call, object);
    let uid = entropy::uid(call.chance);
    object.set(&["metadata", "uid"], Value::from(uid));
    object.set(
        &["metadata", "creationTimestamp"],
        Value::from(rfc3339(call.now)),
    );
    if let Some(generation) = call.kind.rules.generation.of(object, None) {
        object.set(&["metadata", "generation"], Value::from(generation));
    }
    Ok(())
}

/// Makes a name from `generateName`, one that is free.
fn name(call: &mut Call<'_>, object: &mut Object) {
    let prefix = object.text(&["metadata", "generateName"]);
    if prefix.is_empty() || !object.name().is_empty() {
        return;
    }
    let prefix: String = prefix.chars().take(PREFIX_MAX).collect();
    let mut name = String::new();
    for _ in 0..GENERATED_NAME_ATTEMPTS {
        name = format!("{prefix}{}", entropy::suffix(call.chance, SUFFIX));
        if call.find(&call.key(&name)).is_none() {
            break;
        }
    }
    object.set(&["metadata", "name"], Value::from(name));
}

/// Keeps what belongs to the server when an object replaces `old`.
pub(crate) fn carry_over(object: &mut Object, old: &Object) {
    for owned in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "selfLink",
    ] {
        match old.at(&["metadata", owned]) {
            Some(value) => object.set(&["metadata", owned], value.clone()),
            None => drop(object.remove(&["metadata", owned])),
        }
    }
}

/// Counts the change from `old`, if it is one that counts.
pub(crate) fn count(call: &Call<'_>, object: &mut Object, old: &Object) {
    if let Some(generation) = call.kind.rules.generation.of(object, Some(old)) {
        object.set(&["metadata", "generation"], Value::from(generation));
    }
}

/// Refuses to make an object that its writer believes to be there already.
pub(crate) fn check_absence(call: &Call<'_>, object: &Object) -> Result<(), Rejection> {
    let uid = object.uid();
    if uid.is_empty() {
        return Ok(());
    }
    Err(Rejection::Conflict {
        resource: call.resource(),
        name: call.request.name().to_owned(),
        why: format!(
            "uid mismatch: the provided object specified uid {uid}, and no existing object was \
             found"
        ),
    })
}

/// Takes out owners that are named twice, and remarks on it.
pub(crate) fn name_owners_once(call: &mut Call<'_>, object: &mut Object) {
    let Some(Value::Array(owners)) = object.at(&["metadata", "ownerReferences"]) else {
        return;
    };
    let mut once: Vec<Value> = Vec::with_capacity(owners.len());
    let mut repeated: Vec<&str> = Vec::new();
    for owner in owners {
        if once.contains(owner) {
            repeated.extend(owner.get("uid").and_then(Value::as_str));
        } else {
            once.push(owner.clone());
        }
    }
    if repeated.is_empty() {
        return;
    }
    call.warnings.push(format!(
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references \
         in 1.20+, and may reject such requests as early as 1.24; please fix your requests; \
         duplicate UID(s) observed: {}",
        repeated.join(", ")
    ));
    object.set(&["metadata", "ownerReferences"], Value::from(once));
}

/// Compares what the client expects with what is there.
pub(crate) fn check_expectations(
    call: &Call<'_>,
    object: &Object,
    old: &Object,
) -> Result<(), Rejection> {
    let (revision, found) = (object.resource_version(), old.resource_version());
    if !matches!(revision, "" | "0") && revision != found {
        return Err(Rejection::Conflict {
            resource: call.resource(),
            name: old.name().to_owned(),
            why: "the object has been modified; please apply your changes to the latest version \
                  and try again"
                .to_owned(),
        });
    }
    let uid = object.uid();
    if !uid.is_empty() && uid != old.uid() {
        return Err(precondition(call, old.name(), "UID", uid, old.uid()));
    }
    Ok(())
}

/// The refusal of a request whose precondition does not hold.
pub(crate) fn precondition(
    call: &Call<'_>,
    name: &str,
    what: &str,
    wanted: &str,
    found: &str,
) -> Rejection {
    Rejection::Conflict {
        resource: call.resource(),
        name: name.to_owned(),
        why: format!(
            "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}"
        ),
    }
}
