//! In the end every deletion has finished, and nothing is left in a namespace that is gone.

use std::collections::BTreeSet;

use super::{Broken, Sight, Verdict, objects};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "deletions finish"
    }

    fn settled(&mut self, sight: &Sight<'_>) -> Verdict {
        let namespaces = objects::all(sight.snapshot, "", "namespaces");
        let namespaces: BTreeSet<String> =
            namespaces.into_iter().map(|(key, _)| key.name).collect();
        for (key, stored) in sight.snapshot.range("", None) {
            let Some(key) = key.object() else { continue };
            if stored.value.summary().terminating {
                let object = objects::decoded(stored);
                let since = object.text(&["metadata", "deletionTimestamp"]).to_owned();
                let held = object.finalizers().join(", ");
                let what = format!("was to go at {since} and is still there, held by [{held}]");
                return Err(Broken::new(key, what));
            }
            if !key.namespace.is_empty() && !namespaces.contains(&key.namespace) {
                return Err(Broken::new(key, "its namespace is gone, and it is not"));
            }
        }
        Ok(())
    }
}
