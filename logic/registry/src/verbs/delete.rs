//! Removes an object, or begins to.

use gantry_api::Rejection;

use crate::call::Call;
use crate::decode;
use crate::deletion;
use crate::step::Step;

/// Removes the object, or marks it when something holds it.
pub(crate) fn delete(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let options = decode::delete_options(call)?;
    call.dry_run |= options.dry_run;
    let stored = call.stored()?;
    let key = call.key(call.request.name());
    deletion::delete(call, &key, stored, &options)
}
