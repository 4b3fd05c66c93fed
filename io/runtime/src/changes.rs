//! Wakes whoever waits for a change in a sandbox.
//!
//! Changes to one sandbox merge until somebody takes them, so the queue is never longer than the
//! number of sandboxes. It says that something changed, never what: whoever is woken looks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_kubelet::sandbox::SandboxId;
use tokio::sync::Notify;

/// The sandboxes that changed since they were last taken.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Names not taken yet. Held for one insertion or removal only.
    pending: Mutex<BTreeSet<SandboxId>>,
    woken: Notify,
}

impl Changes {
    /// Waits for the next sandbox that changed. Cancelling loses nothing.
    pub async fn next(&self) -> SandboxId {
        loop {
            let woken = self.shared.woken.notified();
            if let Some(id) = self.take() {
                return id;
            }
            woken.await;
        }
    }

    /// Notes that a sandbox changed.
    pub fn mark(&self, id: SandboxId) {
        let mut pending = self
            .shared
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        pending.insert(id);
        drop(pending);
        self.shared.woken.notify_one();
    }

    fn take(&self) -> Option<SandboxId> {
        let mut pending = self
            .shared
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let first = pending.pop_first();
        if !pending.is_empty() {
            self.shared.woken.notify_one();
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn changes_of_one_sandbox_merge_and_none_is_lost() {
        let changes = Changes::default();
        let listener = changes.clone();
        for name in ["b", "a", "b"] {
            changes.mark(SandboxId(name.into()));
        }
        assert_eq!(listener.next().await.0, "a");
        assert_eq!(listener.next().await.0, "b");
        assert!(listener.take().is_none());
    }
}
