//! The permissions, compiled once per change of the roles and bindings they come from.

use std::sync::{Arc, Mutex, PoisonError};

use gantry_access::Access;
use gantry_store::{Revision, Snapshot};

/// The permissions compiled last.
#[derive(Debug, Default)]
pub(crate) struct Authority {
    /// Held while comparing two numbers, and while compiling, which happens when roles change.
    compiled: Mutex<Option<Compiled>>,
}

#[derive(Debug)]
struct Compiled {
    /// The newest picture that was found to agree.
    seen: Revision,
    fingerprint: (u64, usize),
    access: Arc<Access>,
}

impl Authority {
    /// The permissions as they are in `snapshot` or in a later picture.
    pub(crate) fn access(&self, snapshot: &Snapshot) -> Arc<Access> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = compiled.as_mut() {
            if snapshot.revision() <= known.seen {
                return Arc::clone(&known.access);
            }
            if Access::fingerprint(snapshot) == known.fingerprint {
                known.seen = snapshot.revision();
                return Arc::clone(&known.access);
            }
        }
        let access = Arc::new(Access::compile(snapshot));
        *compiled = Some(Compiled {
            seen: snapshot.revision(),
            fingerprint: Access::fingerprint(snapshot),
            access: Arc::clone(&access),
        });
        access
    }
}
