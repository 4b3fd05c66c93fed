//! Keys that changes have made due, waiting for their loop to take them.
//!
//! A key waits once however often it is named, so an inbox is never larger than the world.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Where keys are left for a loop. Clones are the same inbox.
#[derive(Debug)]
pub struct Inbox<K> {
    /// The lock protects the set and is held for one insertion or one swap.
    keys: Arc<(Mutex<BTreeSet<K>>, Notify)>,
}

impl<K> Clone for Inbox<K> {
    fn clone(&self) -> Self {
        Self {
            keys: Arc::clone(&self.keys),
        }
    }
}

impl<K: Ord> Default for Inbox<K> {
    fn default() -> Self {
        Self {
            keys: Arc::new((Mutex::new(BTreeSet::new()), Notify::new())),
        }
    }
}

impl<K: Ord> Inbox<K> {
    /// Leaves keys for the loop.
    pub fn push(&self, keys: impl IntoIterator<Item = K>) {
        let before = self.lock().len();
        self.lock().extend(keys);
        if self.lock().len() > before {
            self.keys.1.notify_one();
        }
    }

    /// Takes all keys that wait.
    pub fn take(&self) -> BTreeSet<K> {
        std::mem::take(&mut *self.lock())
    }

    /// Resolves when a key was left since the last time.
    pub async fn filled(&self) {
        self.keys.1.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<K>> {
        self.keys.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_left_before_anyone_waits_is_not_missed() {
        let inbox = Inbox::default();
        inbox.push(["a", "a", "b"]);
        inbox.filled().await;
        assert_eq!(inbox.take().len(), 2);
        assert!(inbox.take().is_empty());
    }
}
