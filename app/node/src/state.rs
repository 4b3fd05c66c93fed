//! What the agent knows of its pods, shared by its tasks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_kubelet::agent::State;
use gantry_kubelet::sandbox::SandboxId;

/// The state behind a lock that is held for a look or a change, never across an await.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
}

/// Held from before a look at a sandbox until its result is noted, so that an old one never hides a
/// new one.
pub(crate) type Look = Arc<tokio::sync::Mutex<()>>;

/// The sandboxes that somebody looks at or waits to look at.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    /// Held to find or to add one only.
    looks: Mutex<BTreeMap<SandboxId, Look>>,
}

impl Shared {
    pub(crate) const fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Looks {
    /// What those who look at a sandbox hold. What nobody holds any more is forgotten.
    pub(crate) fn of(&self, id: &SandboxId) -> Look {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|_, look| Arc::strong_count(look) > 1);
        Arc::clone(looks.entry(id.clone()).or_default())
    }
}
