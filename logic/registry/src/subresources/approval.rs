//! `/approval`: what was decided about a request, written apart from what comes of it.

use gantry_api::Rejection;

use crate::call::Call;
use crate::step::Step;
use crate::subresources::status;
use crate::verbs::update::Part;

/// Reads the object, or writes the decision; everything else stays as it is.
pub(super) fn handle(call: &mut Call<'_>) -> Result<Step, Rejection> {
    status::handle_part(call, Part::Approval)
}
