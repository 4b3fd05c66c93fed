//! What is known about rolling changes out, a file for each kind that can.

pub(crate) mod deployment;

use crate::failure::{Failure, said};
use crate::objects::Found;

/// The annotation of a template that was restarted.
pub(crate) const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// Refuses kinds whose rollouts are not known here.
pub(crate) fn check(found: &Found, part: &str) -> Result<(), Failure> {
    let (group, kind) = (found.resource.group.as_str(), found.resource.kind.as_str());
    if (group, kind) == deployment::KIND {
        return Ok(());
    }
    let shown = if group.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}.{group}")
    };
    said(format!("no {part} has been implemented for {shown:?}"))
}
