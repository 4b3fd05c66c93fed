//! What was committed is never lost, and nothing changes without a change that everybody is told
//! of: neither when members die nor when the store begins anew. An acknowledged write was
//! committed.

use std::collections::BTreeMap;

use gantry_api::{ObjectKey, Revision};
use gantry_registry::request::Verb;

use super::{Broken, Seen, Sight, Verdict};
use crate::actor::Address;
use crate::fact::{Answer, Fact};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// Where every object was changed last, as told; gone ones too.
    last: BTreeMap<ObjectKey, (Revision, bool)>,
    /// Writes whose answers are awaited.
    asked: BTreeMap<Address, ObjectKey>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "writes stay"
    }

    fn change(&mut self, change: &Seen, _sight: &Sight<'_>) -> Verdict {
        let state = (change.revision, change.new.is_some());
        self.last.insert(change.key.clone(), state);
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, _sight: &Sight<'_>) -> Verdict {
        match fact {
            Fact::Asked { by, verb, key, .. } if is_write(*verb) => {
                self.asked.insert(*by, key.clone());
                Ok(())
            }
            Fact::Answered {
                by, answer, done, ..
            } => match self.asked.remove(by) {
                Some(key) if *done == Some(true) => self.acknowledged(key, answer),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn audit(&mut self, sight: &Sight<'_>) -> Verdict {
        let kept = sight.snapshot.range("", None);
        let kept = kept.filter_map(|(key, stored)| Some((key.object()?, stored.modified)));
        let kept: BTreeMap<ObjectKey, Revision> = kept.collect();
        for (key, (at, is_there)) in &self.last {
            let found = kept.get(key);
            if *is_there && found != Some(at) {
                let what = format!("was written at {at}, and the store has {found:?}");
                return Err(Broken::new(key, what));
            }
        }
        let told = |key: &ObjectKey| self.last.get(key).is_some_and(|(_, is_there)| *is_there);
        match kept.iter().find(|(key, _)| !told(key)) {
            Some((key, at)) => {
                let what = format!("is there since {at}, and nobody was told");
                Err(Broken::new(key, what))
            }
            None => Ok(()),
        }
    }
}

impl Law {
    /// A write was acknowledged with this answer.
    fn acknowledged(&self, mut key: ObjectKey, answer: &Answer) -> Verdict {
        let Some(at) = answer.revision else {
            return Ok(());
        };
        if let (true, Some(name)) = (key.name.is_empty(), &answer.name) {
            key.name.clone_from(name);
        }
        match self.last.get(&key) {
            Some((last, _)) if *last >= at => Ok(()),
            last => {
                let what = format!("a write was acknowledged at {at}, and the last is {last:?}");
                Err(Broken::new(key, what))
            }
        }
    }
}

const fn is_write(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::Create | Verb::Update | Verb::Patch(_) | Verb::Delete
    )
}
