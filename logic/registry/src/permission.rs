//! What permission a request needs, and the refusal of who does not have it.

use gantry_access::attributes::{ResourceTarget, Target};
use gantry_access::{Access, Attributes, Decision};
use gantry_api::Rejection;
use gantry_store::Snapshot;

use crate::request::{Request, Verb};

/// Refuses what the caller may not do. `access` comes from `snapshot` or from a later one.
pub fn check(request: &Request, access: &Access, snapshot: &Snapshot) -> Result<(), Rejection> {
    let attributes = attributes(request);
    match access.authorize(&attributes, snapshot) {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(reason) => Err(attributes.rejection(&reason)),
    }
}

/// What permission a request needs.
#[must_use]
pub fn attributes(request: &Request) -> Attributes<'_> {
    let field_selector = request.options.field_selector.as_deref().unwrap_or("");
    let collective = matches!(
        request.verb,
        Verb::List | Verb::Watch | Verb::DeleteCollection
    );
    // A collection that can hold one object only is as good as that object.
    let only = field_selector
        .strip_prefix("metadata.name=")
        .map(|name| name.trim_start_matches('='))
        .filter(|name| collective && !name.contains([',', '!']));
    Attributes {
        caller: &request.caller,
        verb: request.verb.as_str(),
        target: Target::Resource(ResourceTarget {
            group: &request.resource.version.group,
            resource: &request.resource.plural,
            subresource: request.subresource(),
            namespace: request.namespace(),
            name: request.name.as_deref().or(only).unwrap_or(""),
            field_selector,
        }),
    }
}
