//! May they: for paths that are no objects. Objects are authorized in the gateway.

use http::Method;

use gantry_access::attributes::{Attributes, ResourceTarget, Target};
use gantry_api::{Caller, Rejection};
use gantry_gateway::Gateway;

/// Whether the caller may do this to a path.
pub(crate) fn path(
    gateway: &Gateway,
    caller: &Caller,
    method: &Method,
    path: &str,
) -> Result<(), Rejection> {
    let verb = method.as_str().to_ascii_lowercase();
    check(
        gateway,
        &Attributes {
            caller,
            verb: &verb,
            target: Target::Path(path),
        },
    )
}

/// Whether the caller may do this to an object or a part of it.
pub(crate) fn resource(
    gateway: &Gateway,
    caller: &Caller,
    verb: &str,
    target: ResourceTarget<'_>,
) -> Result<(), Rejection> {
    check(
        gateway,
        &Attributes {
            caller,
            verb,
            target: Target::Resource(target),
        },
    )
}

/// Whether something is allowed.
pub(crate) fn check(gateway: &Gateway, attributes: &Attributes<'_>) -> Result<(), Rejection> {
    let decision = gateway.authorize(attributes);
    if decision.is_allowed() {
        Ok(())
    } else {
        Err(attributes.rejection(decision.reason()))
    }
}
