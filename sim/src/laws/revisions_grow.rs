//! Revisions only grow, one per transaction, and none is given twice.

use std::collections::BTreeSet;

use gantry_api::{ObjectKey, Revision};

use super::{Broken, Seen, Sight, Verdict};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// The newest revision of any change.
    newest: Revision,
    /// What changed at it.
    changed: BTreeSet<ObjectKey>,
    /// The newest revision of any picture.
    pictured: Revision,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "revisions grow"
    }

    fn change(&mut self, change: &Seen, _sight: &Sight<'_>) -> Verdict {
        let at = change.revision;
        if at < self.newest || at < self.pictured {
            let newest = self.newest.max(self.pictured);
            let what = format!("changed at {at}, when {newest} had been given");
            return Err(Broken::new(&change.key, what));
        }
        if at > self.newest {
            self.newest = at;
            self.changed.clear();
        }
        if self.changed.insert(change.key.clone()) {
            Ok(())
        } else {
            let what = format!("changed twice at {at}");
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
