//! Replaces an object by what the client sends.

use gantry_api::field_error::FieldErrors;
use gantry_api::{Object, Rejection};
use gantry_kinds::Subresource;
use gantry_store::Stored;

use crate::admission;
use crate::call::Call;
use crate::decode;
use crate::deletion;
use crate::managers::{self, Writer};
use crate::metadata;
use crate::step::Step;
use crate::validate;
use crate::verbs::create;

/// Which part of an object a write may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All but the status.
    Main,
    /// The status, and metadata.
    Status,
    /// What the kind says that this subresource may change.
    Other(Subresource),
}

/// Replaces the object, or makes it when its kind allows that.
pub(crate) fn update(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let mut object = decode::object(call)?;
    metadata::address(call, &mut object)?;
    let stored = match call.stored() {
        Ok(stored) => stored,
        Err(_) if call.kind.rules.create_on_update => {
            call.require_create()?;
            metadata::check_absence(call, &object)?;
            object.remove(&["metadata", "resourceVersion"]);
            return create::create_object(call, object, Writer::Update);
        }
        Err(missing) => return Err(missing),
    };
    let old = call.read(stored)?;
    require_revision(call, &object)?;
    replace(call, stored, &old, object, (Part::Main, Writer::Update))
}

/// Some kinds insist on being told which revision is replaced.
pub(crate) fn require_revision(call: &Call<'_>, object: &Object) -> Result<(), Rejection> {
    let is_named = !matches!(object.resource_version(), "" | "0");
    if is_named || call.kind.rules.unconditional_update {
        return Ok(());
    }
    let mut errors = FieldErrors::new();
    let path = "metadata.resourceVersion".into();
    errors.invalid(&path, 0, "must be specified for an update");
    validate::refuse(call, object, errors)
}

/// Puts `object` in the place of `old`: the whole story, in order.
pub(crate) fn replace(
    call: &mut Call<'_>,
    stored: &Stored,
    old: &Object,
    mut object: Object,
    (part, writer): (Part, Writer),
) -> Result<Step, Rejection> {
    metadata::check_expectations(call, &object, old)?;
    metadata::carry_over(&mut object, old);
    metadata::name_owners_once(call, &mut object);
    call.kind
        .hooks
        .default(&mut object)
        .map_err(validate::shape)?;
    managers::record(call, &mut object, Some(old), writer)?;
    let hooks = &call.kind.hooks;
    match part {
        Part::Main => hooks.prepare(&mut object, Some(old)),
        Part::Status => hooks.prepare_status(&mut object, old),
        Part::Other(part) => hooks.prepare_part(part, &mut object, old),
    }
    .map_err(validate::shape)?;
    hooks.sign(&mut object, Some(old), &call.author());

    admission::mutate(call, &mut object, Some(old))?;
    match part {
        Part::Main => {
            metadata::count(call, &mut object, old);
            validate::object(call, &object, Some(old))?;
        }
        Part::Status => validate::status(call, &object, old)?,
        Part::Other(part) => {
            metadata::count(call, &mut object, old);
            validate::part(call, part, &object, old)?;
        }
    }
    admission::validate(call, &object, Some(old))?;
    admission::charge(call, &object, Some(old))?;
    settle(call, stored, &object)
}

/// Writes the object, or removes it when this write took away the last thing that held it.
pub(crate) fn settle(
    call: &mut Call<'_>,
    stored: &Stored,
    object: &Object,
) -> Result<Step, Rejection> {
    let key = call.key(object.name());
    if deletion::is_released(call.kind, object) {
        return deletion::remove(call, &key, stored, object);
    }
    call.commit_change(&key, stored, object)
}
