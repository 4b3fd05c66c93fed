//! What did not work, told once in a while: a thousand nodes whose server is away have one trouble,
//! not a thousand.

use std::sync::{Mutex, PoisonError};

/// What did not work since it was told last.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    /// Held to add one, or to take them.
    since: Mutex<Since>,
}

#[derive(Debug, Default)]
struct Since {
    count: u64,
    last: String,
}

impl Troubles {
    /// Notes one.
    pub(super) fn note(&self, what: &str, why: &str) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.count += 1;
        since.last = format!("{what}: {why}");
    }

    /// Tells of them, if there were any.
    pub(super) fn tell(&self) {
        let taken = {
            let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *since)
        };
        if taken.count > 0 {
            let Since { count, last } = taken;
            tracing::warn!(count, last, "some requests did not work and are made again");
        }
    }
}
