//! The permissions, compiled once per change of the roles and bindings they come from.

use std::sync::{Arc, Mutex, PoisonError};

use gantry_access::Access;
use gantry_store::{Revision, Snapshot};

/// The permissions compiled last.
#[derive(Debug, Default)]
pub(crate) struct Authority {
    /// Held while looking through the changes since the last request, and while compiling, which
    /// happens when roles change.
    compiled: Mutex<Option<Compiled>>,
}

#[derive(Debug)]
struct Compiled {
    /// The newest picture that was found to agree.
    seen: Revision,
    access: Arc<Access>,
}

impl Authority {
    /// The permissions as they are in `snapshot` or in a later picture.
    pub(crate) fn access(&self, snapshot: &Snapshot) -> Arc<Access> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = compiled.as_mut().filter(|known| agrees(known, snapshot)) {
            known.seen = known.seen.max(snapshot.revision());
            return Arc::clone(&known.access);
        }
        let access = Arc::new(Access::compile(snapshot));
        *compiled = Some(Compiled {
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
