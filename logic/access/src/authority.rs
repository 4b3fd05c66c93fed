//! The permissions, compiled once per change of the roles and bindings they come from.

use std::sync::Arc;

use gantry_store::{Revision, Snapshot};

use crate::authorizer::Access;

/// The permissions compiled last.
#[derive(Clone, Debug, Default)]
pub struct Authority {
    compiled: Option<Compiled>,
}

#[derive(Clone, Debug)]
struct Compiled {
    /// The newest picture that was found to agree.
    seen: Revision,
    access: Arc<Access>,
}

impl Authority {
    /// The permissions as they are in `snapshot` or in a later picture.
    pub fn access(&mut self, snapshot: &Snapshot) -> Arc<Access> {
        if let Some(known) = self.compiled.as_mut().filter(|one| agrees(one, snapshot)) {
            known.seen = known.seen.max(snapshot.revision());
            return Arc::clone(&known.access);
        }
        let access = Arc::new(Access::compile(snapshot));
        self.compiled = Some(Compiled {
            seen: snapshot.revision(),
            access: Arc::clone(&access),
        });
        access
    }
}

/// Whether nothing that permissions depend on changed since they were compiled.
fn agrees(known: &Compiled, snapshot: &Snapshot) -> bool {
    if snapshot.revision() <= known.seen {
        return true;
    }
    // A past that is forgotten already tells nothing: compile anew.
    snapshot
        .changes(known.seen)
        .is_ok_and(|mut changes| !changes.any(|change| Access::depends_on(&change.key)))
}
