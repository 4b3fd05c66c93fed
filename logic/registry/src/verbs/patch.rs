//! Changes parts of an object.

use serde_json::Value;

use gantry_api::{Object, Rejection};
use gantry_schema::patch::{self, PatchError};

use crate::call::Call;
use crate::decode::{self, Expected};
use crate::managers::Writer;
use crate::metadata;
use crate::request::PatchType;
use crate::step::Step;
use crate::verbs::apply;
use crate::verbs::update::{self, Part};

/// The patches of kinds of which nobody knows how lists merge.
const PATCHES_WITHOUT_LISTS: &str = "application/json-patch+json, application/merge-patch+json, \
                                     application/apply-patch+yaml";

/// Changes the object as the body says.
pub(crate) fn patch(call: &mut Call<'_>, kind: PatchType) -> Result<Step, Rejection> {
    patch_part(call, kind, Part::Main)
}

/// Changes one part of the object as the body says.
pub(crate) fn patch_part(
    call: &mut Call<'_>,
    kind: PatchType,
    part: Part,
) -> Result<Step, Rejection> {
    if kind == PatchType::StrategicMerge && !call.kind.merges_lists {
        return Err(Rejection::UnsupportedMediaType {
            accepted: PATCHES_WITHOUT_LISTS.to_owned(),
        });
    }
    if kind == PatchType::Apply {
        return apply::apply(call, part);
    }
    let stored = call.stored()?;
    let old = call.read(stored)?;
    let expected = Expected::of(call.kind);
    let tree = patched(call, kind, old.clone().into_value(), expected)?;
    let mut object = decode::fitted(call, tree, expected)?;
    unmoved(call, &mut object, &old)?;
    update::replace(call, stored, &old, object, (part, Writer::Update))
}

/// The tree that the patch in the body makes of `target`.
pub(crate) fn patched(
    call: &mut Call<'_>,
    kind: PatchType,
    target: Value,
    expected: Expected<'_>,
) -> Result<Value, Rejection> {
    let patch = decode::tree(call)?;
    if kind != PatchType::Json && !patch.is_object() {
        return Err(Rejection::bad_request(
            "the patch is not an object: send the fields to change, as in {\"spec\": {...}}",
        ));
    }
    let name = call.request.name();
    let result = match kind {
        PatchType::Json => patch::json(target, patch),
        PatchType::Merge => Ok(patch::merge(target, &patch)),
        PatchType::StrategicMerge | PatchType::Apply => {
            patch::strategic(target, patch, expected.schema())
        }
    };
    result.map_err(|error| refusal(call, name, &error))
}

/// A patch does not move an object: what it says of name and namespace must be what they are.
fn unmoved(call: &Call<'_>, object: &mut Object, old: &Object) -> Result<(), Rejection> {
    if object.name().is_empty() {
        object.set(&["metadata", "name"], Value::from(old.name()));
    }
    metadata::address(call, object)
}

fn refusal(call: &Call<'_>, name: &str, error: &PatchError) -> Rejection {
    let text = gantry_base::chain(error);
    match error {
        PatchError::NotOperations(_) | PatchError::Directive { .. } => Rejection::bad_request(text),
        PatchError::TooManyOperations { .. } => Rejection::TooLarge {
            limit: gantry_schema::limits::PATCH_OPERATIONS_MAX,
        },
        PatchError::Operation { .. }
        | PatchError::TooMuchCopied { .. }
        | PatchError::TooDeep { .. } => {
            let mut errors = gantry_api::field_error::FieldErrors::new();
            errors.invalid(&"patch".into(), Value::Null, text);
            Rejection::Invalid {
                kind: call.kind.names.group_kind(),
                name: name.to_owned(),
                errors: errors.into_vec(),
            }
        }
    }
}
