//! What became of a plan.

use std::collections::BTreeMap;

use gantry_api::{GroupResource, Revision};

/// The revisions of writes that went through, the newest of each resource.
pub type Written = BTreeMap<GroupResource, Revision>;

/// What became of a plan.
#[derive(Debug)]
pub struct Outcome<A> {
    /// What went through.
    pub written: Written,
    /// How it ended.
    pub end: End<A>,
}

/// How carrying out a plan ended.
#[derive(Debug)]
pub enum End<A> {
    /// Everything was done.
    Done,
    /// Somebody else's write came first: look again soon.
    Stale,
    /// This action was refused for good, for this reason.
    Refused(A, String),
    /// It failed in a way that may pass.
    Failed(String),
}

/// Adds what went through to what is known to have.
pub(crate) fn add(known: &mut Written, resource: GroupResource, revision: Revision) {
    let newest = known.entry(resource).or_default();
    *newest = revision.max(*newest);
}
