//! Subresources that speak the object itself, and of which each changes one part of it.
//!
//! `/status` is what was observed, written apart from what is wanted.

use gantry_api::Rejection;

use crate::call::Call;
use crate::decode;
use crate::managers::Writer;
use crate::metadata;
use crate::request::Verb;
use crate::step::Step;
use crate::verbs::update::{self, Part};
use crate::verbs::{get, patch};

/// Reads the object, or writes one part of it; everything else stays as it is.
pub(super) fn handle(call: &mut Call<'_>, part: Part) -> Result<Step, Rejection> {
    match call.request.verb {
        Verb::Get => get::get(call),
        Verb::Update => update(call, part),
        Verb::Patch(kind) => patch::patch_part(call, kind, part),
        Verb::List | Verb::Watch | Verb::Create | Verb::Delete | Verb::DeleteCollection => {
            Err(Rejection::MethodNotAllowed)
        }
    }
}

fn update(call: &mut Call<'_>, part: Part) -> Result<Step, Rejection> {
    let mut object = decode::object(call)?;
    metadata::address(call, &mut object)?;
    let stored = call.stored()?;
    let old = call.read(stored)?;
    update::require_revision(call, &object)?;
    update::replace(call, stored, &old, object, (part, Writer::Update))
}
