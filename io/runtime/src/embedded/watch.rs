//! Listening to a shim, to wake whoever waits for changes.

use gantry_kubelet::sandbox::SandboxId;
use gantry_oci::protocol::{Reply, Request};

use super::Inner;
use crate::client::Conversation;

impl Inner {
    /// Listens to a pod's shim until it is gone, which is news too.
    pub(super) fn watch(&self, id: SandboxId) {
        let (paths, changes) = (self.paths(&id), self.changes.clone());
        self.spawn(async move {
            let watch = Conversation::open(&paths, &Request::Watch, &[]).await;
            if let Ok(mut conversation) = watch {
                while let Ok(Reply::Changed) = conversation.next().await {
                    changes.mark(id.clone());
                }
            }
            changes.mark(id);
        });
    }
}
