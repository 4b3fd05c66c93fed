//! Revisions only grow, one per transaction, and none is given twice.

use std::collections::BTreeSet;

use gantry_api::{ObjectKey, Revision};
use gantry_base::Timestamp;

use super::{Broken, Seen, Sight, Verdict};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// The newest revision of any change.
    newest: Revision,
    /// When it was given: a transaction takes no time.
    given: Option<Timestamp>,
    /// What changed at it.
    changed: BTreeSet<ObjectKey>,
    /// The newest revision of any picture.
    pictured: Revision,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "revisions grow"
    }

    fn change(&mut self, change: &Seen, sight: &Sight<'_>) -> Verdict {
        let at = change.revision;
        if at < self.newest || at < self.pictured {
            let newest = self.newest.max(self.pictured);
            let what = format!("changed at {at}, when {newest} had been given");
            return Err(Broken::new(&change.key, what));
        }
        if at > self.newest {
            self.newest = at;
            self.given = Some(sight.now);
            self.changed.clear();
        }
        let is_new = self.given == Some(sight.now);
        if self.changed.insert(change.key.clone()) && is_new {
            Ok(())
        } else {
            let what = format!("changed at {at}, which had been given already");
            Err(Broken::new(&change.key, what))
        }
    }

    fn audit(&mut self, sight: &Sight<'_>) -> Verdict {
        let now = sight.snapshot.revision();
        if now < self.pictured || now < self.newest {
            let newest = self.newest.max(self.pictured);
            let what = format!("the store is at {now}, and was at {newest}");
            return Err(Broken::new("the store", what));
        }
        self.pictured = now;
        Ok(())
    }
}
