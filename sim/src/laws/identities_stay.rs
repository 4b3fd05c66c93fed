//! An object stays itself: its uid and its beginning never change, its generation never goes back,
//! and a uid that is gone never comes back.

use std::collections::BTreeSet;

use super::{Broken, Seen, Sight, Verdict};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    gone: BTreeSet<String>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "identities stay"
    }

    fn change(&mut self, change: &Seen, _sight: &Sight<'_>) -> Verdict {
        let broken = |what: String| Err(Broken::new(&change.key, what));
        match (&change.old, &change.new) {
            (Some(old), Some(new)) => {
                let born = ["metadata", "creationTimestamp"];
                if old.uid() != new.uid() {
                    return broken(format!("was {} and is {}", old.uid(), new.uid()));
                }
                if old.text(&born) != new.text(&born) {
                    return broken("has another beginning".to_owned());
                }
                if new.generation() < old.generation() {
                    let (was, is) = (old.generation(), new.generation());
                    return broken(format!("its generation was {was} and is {is}"));
                }
            }
            (Some(old), None) => {
                self.gone.insert(old.uid().to_owned());
            }
            (None, Some(new)) => {
                let named = (new.namespace(), new.name());
                if named != (change.key.namespace.as_str(), change.key.name.as_str()) {
                    return broken(format!("calls itself {named:?}"));
                }
                if new.uid().is_empty() || self.gone.contains(new.uid()) {
                    return broken(format!("has the uid {:?} of something gone", new.uid()));
                }
            }
            (None, None) => {}
        }
        Ok(())
    }
}
