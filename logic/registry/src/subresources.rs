//! What lies below an object's path: one file per subresource that reads or writes objects.
//!
//! Those that carry streams are not handled here; whoever serves them asks for permission and for
//! the object itself.

mod binding;
mod eviction;
mod finalize;
mod scale;
pub mod token;
mod whole;

pub(crate) use binding::bind;

use gantry_api::Rejection;
use gantry_kinds::Subresource;

use crate::call::Call;
use crate::step::Step;
use crate::verbs::update::Part;

/// Handles a request to the subresource called `part`.
pub(crate) fn handle(call: &mut Call<'_>, part: &str) -> Result<Step, Rejection> {
    let known = call
        .kind
        .subresources
        .iter()
        .find(|known| known.name() == part);
    let part = known.copied().ok_or(Rejection::NoSuchPath)?;
    if !part.verbs().contains(&call.request.verb.as_str()) {
        return Err(Rejection::MethodNotAllowed);
    }
    match part {
        Subresource::Binding => binding::create(call),
        Subresource::Eviction => eviction::create(call),
        Subresource::Finalize => finalize::update(call),
        Subresource::Scale => scale::handle(call),
        Subresource::Status => whole::handle(call, Part::Status),
        Subresource::Token => token::create(call),
        Subresource::Approval | Subresource::EphemeralContainers | Subresource::Resize => {
            whole::handle(call, Part::Other(part))
        }
        Subresource::Attach
        | Subresource::Exec
        | Subresource::Log
        | Subresource::PortForward
        | Subresource::Proxy => Err(Rejection::bad_request(format!(
            "{} is a stream: open it over HTTP",
            part.name()
        ))),
    }
}
