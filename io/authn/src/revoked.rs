//! What was revoked, as the store has it, read once per change.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tracing::{error, warn};

use gantry_access::revocation::{self, Revocations};
use gantry_store::{Key, KeyRange, Revision, Snapshot, Store, WatchError};

/// The revocations read last.
#[derive(Debug, Default)]
pub(crate) struct Revoked {
    /// Held while a change is read.
    last: Mutex<Option<(Revision, Arc<Revocations>)>>,
}

impl Revoked {
    /// The revocations in `snapshot`. What cannot be read revokes nothing, and is told of: a server
    /// that let nobody in could not be repaired.
    pub(crate) fn at(&self, snapshot: &Snapshot) -> Option<Arc<Revocations>> {
        let stored = snapshot.get(&Key::from(&revocation::key()))?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((revision, known)) = last.as_ref()
            && *revision == stored.modified
        {
            return Some(Arc::clone(known));
        }
        let read = Revocations::read(&stored.value.object(stored.modified));
        if read.is_none() {
            error!(
                key = %revocation::key(),
                "could not read which certificates are revoked: none is, until it is mended"
            );
        }
        let known = Arc::new(read.unwrap_or_default());
        *last = Some((stored.modified, Arc::clone(&known)));
        Some(known)
    }
}

/// Tells of changes of the revocations for as long as the store does.
pub(crate) async fn follow(store: impl Store, told: watch::Sender<()>) {
    let range = || KeyRange::prefix(Key::from(&revocation::key()).as_str());
    loop {
        let watching = store.watch(range(), store.snapshot().revision());
        told.send_replace(());
        let mut changes = match watching {
            Ok(changes) => changes,
            Err(WatchError::Closed) => return,
            Err(error) => {
                warn!(%error, "could not follow which certificates are revoked");
                return;
            }
        };
        while changes.next().await.is_ok() {
            told.send_replace(());
        }
    }
}
