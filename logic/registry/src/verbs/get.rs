//! Reads one object.

use gantry_api::Rejection;

use crate::call::Call;
use crate::revision;
use crate::step::Step;

/// Reads one object: its bytes as they are stored, unless another form is asked for.
pub(crate) fn get(call: &mut Call<'_>) -> Result<Step, Rejection> {
    revision::not_older_than(call)?;
    let stored = call.stored()?;
    Ok(Step::Reply(call.show(stored)?))
}
