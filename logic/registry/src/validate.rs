//! Everything that is wrong with an object, as one refusal.

use gantry_api::field_error::FieldErrors;
use gantry_api::object::ShapeError;
use gantry_api::{Object, Rejection};
use gantry_kinds::Subresource;

use crate::call::Call;

/// Checks an object that is about to be written to the main resource.
pub(crate) fn object(
    call: &mut Call<'_>,
    object: &Object,
    old: Option<&Object>,
) -> Result<(), Rejection> {
    let mut errors = FieldErrors::new();
    let hooks = &call.kind.hooks;
    let warnings = hooks.validate(object, old, &mut errors).map_err(shape)?;
    refuse(call, object, errors)?;
    call.warnings.extend(warnings);
    if old.is_none() {
        call.warnings.extend(call.kind.idle());
    }
    Ok(())
}

/// Checks an object that is about to be written to the status subresource.
pub(crate) fn status(call: &Call<'_>, object: &Object, old: &Object) -> Result<(), Rejection> {
    let mut errors = FieldErrors::new();
    call.kind
        .hooks
        .validate_status(object, old, &mut errors)
        .map_err(shape)?;
    refuse(call, object, errors)
}

/// Checks an object that is about to be written through the subresource `part`.
pub(crate) fn part(
    call: &Call<'_>,
    part: Subresource,
    object: &Object,
    old: &Object,
) -> Result<(), Rejection> {
    let mut errors = FieldErrors::new();
    call.kind
        .hooks
        .validate_part(part, object, old, &mut errors)
        .map_err(shape)?;
    refuse(call, object, errors)
}

/// Refuses the object for `errors`, if there are any.
pub(crate) fn refuse(
    call: &Call<'_>,
    object: &Object,
    errors: FieldErrors,
) -> Result<(), Rejection> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Rejection::Invalid {
        kind: call.kind.names.group_kind(),
        name: object.name().to_owned(),
        errors: errors.into_vec(),
    })
}

/// A tree that passed the schema and still has another shape than its type.
pub(crate) fn shape(error: ShapeError) -> Rejection {
    Rejection::bad_request(gantry_base::chain(&error))
}
